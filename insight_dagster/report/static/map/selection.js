// Clips that were selected, held against the rest: how many, how well, what sets them apart.

import { moments } from '../core/columns.js';
import { csv, download, element, table } from '../core/dom.js';
import { count, number, share, words } from '../core/format.js';
import { clipGrid } from '../parts/thumbs.js';

const MOST_FIELDS = 8;

export async function selectionPanel(run, rows, clear) {
  const heading = element(
    'div',
    { class: 'row' },
    element('h2', {}, count(rows.length, 'clip'), ' selected'),
    element('button', { type: 'button', class: 'quiet', onclick: clear }, 'Clear'),
  );
  if (!rows.length) return [heading];
  const chosen = new Set(rows);
  const rest = Array.from({ length: run.rows }, (_, row) => row).filter((row) => !chosen.has(row));
  return [
    heading,
    element(
      'p',
      {},
      `${share(accuracy(run, rows))} right; the rest ${share(accuracy(run, rest))}. ${classes(run, rows)}`,
    ),
    element(
      'button',
      { type: 'button', onclick: () => download('selection.csv', exported(run, rows)) },
      'Export their ids (CSV)',
    ),
    element('h3', {}, 'What sets them apart'),
    differences(await run.allFields(), rows, rest),
    element(
      'p',
      { class: 'note' },
      'Means, and their difference in standard deviations (sd) of the rest. Not tested: who selects by eye has looked first.',
    ),
    clipGrid(run, rows),
  ];
}

function accuracy(run, rows) {
  const scored = rows.filter((row) => run.correct(row) !== null);
  return scored.length ? scored.filter((row) => run.correct(row)).length / scored.length : null;
}

function classes(run, rows) {
  const counts = new Map();
  for (const row of rows)
    counts.set(run.text('class_name', row), (counts.get(run.text('class_name', row)) ?? 0) + 1);
  const ranked = [...counts].sort((a, b) => b[1] - a[1]);
  const shown = ranked
    .slice(0, 3)
    .map(([name, each]) => `${name} (${each})`)
    .join(', ');
  return ranked.length > 3 ? `${shown} and ${ranked.length - 3} more classes.` : `${shown}.`;
}

// Fields by the difference of means in deviations of the rest. No test: who selects by eye has
// looked first; the tested ones are the insights' causes.
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
      element(
        'tr',
        {},
        element('th', { scope: 'row', title: field.description }, words(field.name)),
        element('td', { class: 'number' }, number(inside.mean)),
        element('td', { class: 'number soft' }, number(outside.mean)),
        element('td', { class: 'number' }, `${gap > 0 ? '+' : ''}${gap.toFixed(2)}`),
      ),
    );
  return table(
    'plain',
    [
      ['', ''],
      ['here', 'number'],
      ['rest', 'number'],
      ['sd', 'number'],
    ],
    body,
    'Fields that differ most; sd is the difference of means in standard deviations of the rest',
  );
}

export const exported = (run, rows) =>
  csv(
    ['clip_id', 'class_name', 'split', 'predicted', 'correct', 'loss', 'path'],
    Array.from(rows, (row) => [
      run.text('clip_id', row),
      run.text('class_name', row),
      run.text('split', row),
      run.text('predicted', row),
      run.correct(row),
      run.number('loss', row),
      run.text('path', row),
    ]),
  );
