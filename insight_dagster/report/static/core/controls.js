// Controls that choose one of several options.

import { element } from './dom.js';

/** @typedef {[value: string, text: string]} Option */

/**
 * @param {string} value
 * @param {string} text
 * @param {string} chosen
 */
export const option = (value, text, chosen) =>
  element('option', { value, selected: value === chosen }, text);

/**
 * Return a labelled select.
 * @param {string} id
 * @param {string} label
 * @param {Option[]} options
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export const select = (id, label, options, chosen, choose) =>
  element(
    'label',
    {},
    `${label} `,
    element(
      'select',
      { id, onchange: (/** @type {Event} */ event) => choose(valueOfControl(event)) },
      options.map(([value, text]) => option(value, text, chosen)),
    ),
  );

/**
 * Return a row of buttons, one of which is pressed.
 * @param {string} label
 * @param {Option[]} options
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export const segmented = (label, options, chosen, choose) =>
  element(
    'div',
    { class: 'segmented', role: 'group', 'aria-label': label },
    options.map(([value, text]) =>
      element(
        'button',
        {
          type: 'button',
          id: `${label}-${value}`.toLowerCase(),
          'aria-pressed': String(value === chosen),
          onclick: () => choose(value),
        },
        text,
      ),
    ),
  );

/**
 * Return a labelled checkbox.
 * @param {string} text
 * @param {boolean} checked
 * @param {(checked: boolean) => void} choose
 */
export const checkbox = (text, checked, choose) =>
  element(
    'label',
    { class: 'check' },
    element('input', {
      type: 'checkbox',
      id: text.replaceAll(' ', '-'),
      checked,
      onchange: (/** @type {Event} */ event) =>
        choose(/** @type {HTMLInputElement} */ (event.target).checked),
    }),
    ` ${text}`,
  );

/**
 * Return the value of the control that an event comes from.
 * @param {Event} event
 */
export const valueOfControl = (event) =>
  /** @type {HTMLInputElement | HTMLSelectElement} */ (event.target).value;
