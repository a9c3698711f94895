// Tables: headings, rows and cells.

import { element } from './dom.js';

/** @import { Child } from './dom.js' */

/** @typedef {string | [text: string, className: string]} Heading empty texts are unseen headings */

/**
 * Return a table.
 * @param {string} className
 * @param {Heading[]} headings
 * @param {Child[]} rows
 * @param {string} caption for screen readers
 */
export function table(className, headings, rows, caption) {
  const heads = headings.map((heading) => {
    const [text, kind] = typeof heading === 'string' ? [heading, ''] : heading;
    const label = text || element('span', { class: 'unseen' }, 'name');
    return element('th', { scope: 'col', class: kind }, label);
  });
  return element(
    'table',
    { class: className },
    element('caption', { class: 'unseen' }, caption),
    element('thead', {}, element('tr', {}, heads)),
    element('tbody', {}, rows),
  );
}

/** @param {Child[]} cells */
export const tableRow = (...cells) => element('tr', {}, cells);

/** @param {Child[]} children */
export const rowHeading = (...children) => element('th', { scope: 'row' }, children);

/** @param {Child[]} children */
export const cell = (...children) => element('td', {}, children);

/** @param {Child[]} children text that may break anywhere */
export const textCell = (...children) => element('td', { class: 'wrap' }, children);

/** @param {Child[]} children */
export const numberCell = (...children) => element('td', { class: 'number' }, children);
