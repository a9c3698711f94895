// The legend: groups that can be hidden, or the colour scale of a number.

import { element, fill } from '../core/dom.js';
import { number } from '../core/format.js';
import { gradient, swatch } from '../parts/palette.js';

/** @import { Group } from './colouring.js' */
/** @import { Scale } from './dot_styles.js' */

export class Legend {
  constructor() {
    this.root = element('div', { class: 'legend' });
    /** @type {Set<string>} texts of the hidden groups */
    this.hidden = new Set();
  }

  /** Show the groups of another category all again. */
  reset() {
    this.hidden.clear();
  }

  /**
   * Return groups with whether they are hidden.
   * @param {Group[]} groups
   */
  marked(groups) {
    return groups.map((group) => ({ ...group, hidden: this.hidden.has(group.text) }));
  }

  /**
   * @param {(Group & { hidden: boolean })[]} groups
   * @param {() => void} changed called when a group was hidden or shown
   */
  drawGroups(groups, changed) {
    const toggle = (/** @type {string} */ text) => {
      if (!this.hidden.delete(text)) this.hidden.add(text);
      changed();
    };
    fill(
      this.root,
      groups.map((group, at) => entry(group, at, () => toggle(group.text))),
    );
  }

  /**
   * @param {string} title
   * @param {Scale} scale values beyond its ends have the colour of the end
   * @param {boolean} hasUnknown whether a clip has no value
   */
  drawScale(title, { low, high, stops }, hasUnknown) {
    fill(
      this.root,
      element(
        'div',
        { class: 'scale' },
        element('span', {}, title),
        element('span', {}, `≤ ${number(low)}`),
        element('i', { style: { background: gradient(stops) } }),
        element('span', {}, `≥ ${number(high)}`),
        hasUnknown && element('span', { class: 'faint' }, 'grey: unknown'),
      ),
    );
  }
}

/**
 * @param {Group & { hidden: boolean }} group
 * @param {number} at
 * @param {() => void} toggle
 */
const entry = (group, at, toggle) =>
  element(
    'button',
    {
      type: 'button',
      id: `legend-${at}`,
      'aria-pressed': String(!group.hidden),
      title: group.text,
      onclick: toggle,
    },
    swatch(group.colour, group.mark),
    element('span', { class: 'label' }, group.text),
    element('span', { class: 'faint' }, group.rows.length.toLocaleString('en-GB')),
  );
