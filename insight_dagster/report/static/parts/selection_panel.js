// The selected clips compared with the rest: how many, how accurate, what sets them apart.

import { download } from '../core/csv.js';
import { element } from '../core/dom.js';
import { count, number, share, words } from '../core/format.js';
import { moments } from '../core/statistics.js';
import { numberCell, table, tableRow } from '../core/tables.js';
import { clipCsv } from './clip_csv.js';
import { clipGrid } from './thumbnails.js';

/** @import { Field, Numbers } from '../core/data.js' */
/** @import { Run } from '../core/run.js' */

const MOST_FIELDS = 8;
const CLASSES_NAMED = 3;

/**
 * Return the panel of some selected clips.
 * @param {Run} run
 * @param {number[]} rows
 * @param {() => void} clear
 */
export async function selectionPanel(run, rows, clear) {
  const heading = element(
    'div',
    { class: 'row' },
    element('h2', {}, count(rows.length, 'clip'), ' selected'),
    element('button', { type: 'button', class: 'quiet', onclick: clear }, 'Clear'),
  );
  if (!rows.length) return [heading];
  const chosen = new Set(rows);
  const rest = run.rowsWhere((row) => !chosen.has(row));
  const right = `${share(accuracy(run, rows))} right; the rest ${share(accuracy(run, rest))}.`;
  const save = () => download('selection.csv', clipCsv(run, rows));
  return [
    heading,
    element('p', {}, `${right} ${classes(run, rows)}`),
    element('button', { type: 'button', onclick: save }, 'Export these clips (CSV)'),
    element('h3', {}, 'What sets them apart'),
    differences(await run.allFields(), rows, rest),
    element(
      'p',
      { class: 'note' },
      'Means, and their difference in standard deviations (sd) of the rest. ',
      'Not a significance test: the clips were selected after looking at them.',
    ),
    clipGrid(run, rows),
  ];
}

/**
 * @param {Run} run
 * @param {number[]} rows
 */
function accuracy(run, rows) {
  const scored = rows.filter((row) => run.correct(row) !== null);
  return scored.length ? scored.filter((row) => run.correct(row)).length / scored.length : null;
}

/**
 * @param {Run} run
 * @param {number[]} rows
 */
function classes(run, rows) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const row of rows) {
    const name = run.text('class_name', row);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const ranked = [...counts].sort((a, b) => b[1] - a[1]);
  const named = ranked
    .slice(0, CLASSES_NAMED)
    .map(([name, each]) => `${name} (${each})`)
    .join(', ');
  const more = ranked.length - CLASSES_NAMED;
  return more > 0 ? `${named} and ${count(more, 'more class', 'more classes')}.` : `${named}.`;
}

/**
 * Return the fields whose means differ most, without tests: causes of insights are tested.
 * @param {(Field & { values: Numbers })[]} fields
 * @param {number[]} rows
 * @param {number[]} rest
 */
function differences(fields, rows, rest) {
  const found = fields.flatMap((field) => {
    const [inside, outside] = [moments(field.values, rows), moments(field.values, rest)];
    const gap = (inside.mean - outside.mean) / outside.deviation;
    return Number.isFinite(gap) ? [{ field, inside, outside, gap }] : [];
  });
  found.sort((a, b) => Math.abs(b.gap) - Math.abs(a.gap));
  const body = found
    .slice(0, MOST_FIELDS)
    .map(({ field, inside, outside, gap }) =>
      tableRow(
        element('th', { scope: 'row', title: field.description }, words(field.name)),
        numberCell(number(inside.mean)),
        element('td', { class: 'number soft' }, number(outside.mean)),
        numberCell(`${gap > 0 ? '+' : ''}${gap.toFixed(2)}`),
      ),
    );
  return table(
    'plain',
    ['', ['here', 'number'], ['rest', 'number'], ['sd', 'number']],
    body,
    'Fields that differ most; sd is the difference of means in standard deviations of the rest',
  );
}
