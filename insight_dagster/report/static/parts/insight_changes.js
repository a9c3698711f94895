// What became of the insights since the previous run.

import { element, empty } from '../core/dom.js';
import { number, words } from '../core/format.js';
import { to } from '../core/router.js';
import { numberCell, rowHeading, table, tableRow, textCell } from '../core/tables.js';

/** @import { InsightChange, ListedRun } from '../core/data.js' */
/** @import { Run } from '../core/run.js' */

const SHORT = 8;

/**
 * Return the insights that changed, the worst news first.
 * @param {Run} run
 * @param {ListedRun[]} runs
 */
export function insightChangeTable(run, runs) {
  const { changes } = run.overview;
  if (!changes) {
    return empty('This is the first run', 'From the next run on, this lists changed insights.');
  }
  if (!changes.length) {
    return empty('Nothing changed', 'Every insight is as it was in the previous run.');
  }
  const previous = runs[runs.findIndex((each) => each.name === run.name) + 1];
  const rows = changes.slice(0, SHORT).map((each) => changeRow(each, previous));
  return [
    element('p', { class: 'soft' }, `${counts(changes)}.`),
    table('plain', ['status', 'insight', ['clips', 'number']], rows, 'Insights that changed'),
    previous ? comparisonLink(previous) : null,
  ];
}

/** @param {InsightChange[]} changes */
function counts(changes) {
  const statuses = [...new Set(changes.map((each) => each.status))];
  const count = (/** @type {string} */ status) =>
    changes.filter((each) => each.status === status).length;
  return statuses.map((status) => `${count(status)} ${status}`).join(', ');
}

/**
 * @param {InsightChange} change
 * @param {ListedRun | undefined} previous
 */
function changeRow(change, previous) {
  const name = change.sentence ?? previous?.insights[change.ledger_id] ?? change.class_name;
  return tableRow(
    rowHeading(element('span', { class: `status ${change.status}` }, change.status)),
    textCell(
      element('span', { class: 'badge' }, words(change.kind)),
      ' ',
      element('a', { href: to(['insight', change.ledger_id]) }, name),
    ),
    numberCell(change.status === 'resolved' ? '–' : number(change.size)),
  );
}

/** @param {ListedRun} previous */
const comparisonLink = (previous) =>
  element(
    'p',
    { class: 'note' },
    element(
      'a',
      { href: to(['compare'], { with: previous.name }) },
      'Compare with the previous run: all insights, and clips whose prediction changed',
    ),
  );
