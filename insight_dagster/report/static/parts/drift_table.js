// Drift against the baseline as a table, the worst first.

import { element, empty } from '../core/dom.js';
import { interval, number, pValue, words } from '../core/format.js';
import { cell, numberCell, rowHeading, table, tableRow } from '../core/tables.js';

/** @import { Drift, DriftRow } from '../core/data.js' */
/** @import { Heading } from '../core/tables.js' */

const SHORT = 12;
const REASONS_SHOWN = 2;
/** @type {Record<string, string>} */
const PARTS = {
  total: 'all clips, baseline and current',
  model_change: 'same clips, other model',
  population_change: 'other clips, same model',
  metadata: 'new clips',
  embedding: 'new clips',
};

/**
 * Return what is known of drift.
 * @param {Drift} drift
 */
export function driftTable(drift) {
  if (!drift.judged && !drift.not_judged_count) {
    return empty('No baseline to compare with', 'Promote one: `insight baseline promote`.');
  }
  return [
    element('p', { class: 'soft' }, `${worse(drift)}${untested(drift)}.`),
    drift.rows.length ? rowTable(drift.rows.slice(0, SHORT)) : null,
    drift.rows.length > SHORT ? others(drift) : null,
  ];
}

/** @param {Drift} drift */
const worse = (drift) =>
  drift.worse
    ? `${drift.worse} of ${drift.judged} comparisons are significantly worse or different (p ≤ .05)`
    : `None of ${drift.judged} comparisons is significantly worse (p ≤ .05)`;

/** @param {Drift} drift */
function untested(drift) {
  if (!drift.not_judged_count) return '';
  const reasons = drift.not_judged
    .slice(0, REASONS_SHOWN)
    .map(([reason, count]) => `${reason || 'no reason was recorded'}: ${count}`)
    .join('; ');
  return `; ${drift.not_judged_count} could not be tested (${reasons})`;
}

/** @param {Drift} drift */
function others(drift) {
  const left = drift.judged - drift.rows.length;
  const note = `${left} more, which changed least, are left out; \`insight drift\` lists them.`;
  return element(
    'details',
    {},
    element('summary', {}, `and ${drift.rows.length - SHORT} more`),
    rowTable(drift.rows.slice(SHORT)),
    left > 0 ? element('p', { class: 'note' }, note) : null,
  );
}

/** @param {DriftRow[]} rows */
function rowTable(rows) {
  const body = rows.map((row) =>
    tableRow(
      rowHeading(row.class_name || 'all classes'),
      cell(
        words(row.metric),
        element('small', { class: 'soft' }, ` ${PARTS[row.part] ?? words(row.part)}`),
      ),
      valueCell(row.value_then, row.clips_then),
      valueCell(row.value_now, row.clips_now),
      cell(change(row)),
      numberCell(
        row.adjusted_p === null ? pValue(row.p_value) : `${pValue(row.adjusted_p)} (corrected)`,
      ),
    ),
  );
  /** @type {Heading[]} */
  const headings = [
    'class',
    'what',
    ['baseline', 'number'],
    ['current', 'number'],
    'change',
    ['p', 'number'],
  ];
  return table('plain', headings, body, 'Drift');
}

/**
 * @param {number | null} value
 * @param {number} clips
 */
const valueCell = (value, clips) =>
  numberCell(number(value), element('small', { class: 'faint' }, ` of ${clips}`));

/**
 * Return the change in words: the sign of a figure does not say which direction is worse.
 * @param {DriftRow} row
 */
function change(row) {
  const exact = row.ci_low === null || row.ci_low === row.ci_high;
  const between = exact ? '' : ` (95 % interval ${interval(row.ci_low, row.ci_high)})`;
  if (row.part === 'metadata') {
    return `${row.direction ?? 'differs'}, ${number(row.effect)} sd apart${between}`;
  }
  if (row.part === 'embedding') {
    return `distinguished from old clips with AUC ${number(row.effect)}${between}`;
  }
  if (row.effect === null) return '–';
  if (row.effect === 0) return 'none';
  const text = `${row.effect > 0 ? 'worse' : 'better'} by ${number(Math.abs(row.effect))}${between}`;
  return element('span', { class: row.sure ? 'bad' : '' }, text);
}
