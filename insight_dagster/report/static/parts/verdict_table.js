// The verdict on each class, and which of its checks failed.

import { element, empty } from '../core/dom.js';
import { count, words } from '../core/format.js';
import { cell, rowHeading, table, tableRow, textCell } from '../core/tables.js';

/** @import { Verdict } from '../core/data.js' */

/**
 * Return the verdicts as a table.
 * @param {Verdict[]} verdicts
 */
export function verdictTable(verdicts) {
  if (!verdicts.length) {
    return empty('No verdicts yet', 'Materialize verdict: it runs the checks of every class.');
  }
  const rows = verdicts.map((verdict) =>
    tableRow(
      rowHeading(verdict.class_name),
      cell(verdict.cleared ? 'cleared' : element('b', { class: 'bad' }, 'not cleared')),
      textCell(checkNames(verdict.errors, 'bad')),
      textCell(checkNames(verdict.warnings, '')),
    ),
  );
  return table('plain', ['class', 'verdict', 'failed checks', 'warnings'], rows, 'Verdicts');
}

/**
 * @param {string[]} names
 * @param {string} className
 */
const checkNames = (names, className) =>
  names.length
    ? element('span', { class: className }, names.map(words).join(', '))
    : element('span', { class: 'faint' }, 'none');

/**
 * Return how many checks failed, in all classes together.
 * @param {Verdict[]} verdicts
 */
export function failedChecks(verdicts) {
  const errors = verdicts.reduce((sum, verdict) => sum + verdict.errors.length, 0);
  const warnings = verdicts.reduce((sum, verdict) => sum + verdict.warnings.length, 0);
  if (!errors && !warnings) return 'no failed check';
  return [errors && count(errors, 'error'), warnings && count(warnings, 'warning')]
    .filter(Boolean)
    .join(', ');
}
