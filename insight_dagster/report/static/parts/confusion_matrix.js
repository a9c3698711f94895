// The confusion matrix; every cell opens its clips.

import { segmented } from '../core/controls.js';
import { element, empty } from '../core/dom.js';
import { share } from '../core/format.js';
import { change, to } from '../core/router.js';
import { rowHeading, table, tableRow } from '../core/tables.js';

/** @import { Confusion, ConfusionRow } from '../core/data.js' */
/** @import { Run } from '../core/run.js' */
/** @import { Option } from '../core/controls.js' */

const FEW_CLASSES = 8; // more have narrow cells and upright headings

/**
 * Return the confusion matrix of a split.
 * @param {Run} run
 * @param {string} split '' = all clips
 */
export function confusionMatrix(run, split) {
  const { confusion } = run.overview;
  const { classes, splits } = confusion;
  if (!classes.length) {
    return empty(
      'No predictions yet',
      'Materialize embeddings, which runs the model on the clips.',
    );
  }
  const at = Math.max(0, splits.indexOf(split));
  const rows = confusion.counts[at];
  const others = rows.some((row) => row.other);
  const body = rows.map((row, index) => matrixRow(confusion, row, index, splits[at], others));
  const columns = [...classes, ...(others ? ['other labels'] : []), 'clips'];
  /** @type {[string, string][]} */
  const headings = columns.map((name) => [name, 'column']);
  const note = `The ${classes.length} classes with most errors are shown; ${confusion.left_out} are left out.`;
  return [
    splits.length > 2 ? splitChooser(splits, splits[at]) : null,
    table(
      classes.length > FEW_CLASSES ? 'matrix many' : 'matrix',
      ['true label', ...headings],
      body,
      'Confusion matrix',
    ),
    confusion.left_out > 0 ? element('p', { class: 'note' }, note) : null,
  ];
}

/**
 * @param {string[]} splits
 * @param {string} chosen
 */
function splitChooser(splits, chosen) {
  /** @type {Option[]} */
  const options = splits.map((each) => [each, each || 'all splits']);
  return segmented('Split', options, chosen, (value) => change({ split: value }));
}

/**
 * @param {Confusion} confusion
 * @param {ConfusionRow} row
 * @param {number} index of the class
 * @param {string} split
 * @param {boolean} others whether there is a column of other labels
 */
function matrixRow({ classes }, row, index, split, others) {
  const total = row.counts.reduce((sum, each) => sum + each, row.other);
  const clips = (/** @type {Record<string, string>} */ params) =>
    to(['clips'], { class: classes[index], ...params, split });
  const cells = row.counts.map((each, column) =>
    countCell(each, total, column === index, '', clips({ predicted: classes[column] })),
  );
  const most = row.most.map(([label, each]) => `${label}: ${each}`).join('\n');
  return tableRow(
    rowHeading(classes[index]),
    cells,
    others && countCell(row.other, total, false, most, clips({ other: 'yes' })),
    element('td', { class: 'soft' }, total),
  );
}

/**
 * @param {number} count
 * @param {number} total of the row
 * @param {boolean} right whether the prediction is the true label
 * @param {string} hint
 * @param {string} href
 */
function countCell(count, total, right, hint, href) {
  const part = total ? count / total : 0;
  const strength = Math.round(7 + 45 * part);
  const background = `color-mix(in srgb, var(--${right ? 'good' : 'bad'}) ${strength}%, var(--panel))`;
  return element(
    'td',
    { class: right ? 'own' : null, style: count ? { background } : {}, title: hint || null },
    count
      ? element('a', { href }, count, element('small', {}, share(part)))
      : element('span', { class: 'faint' }, '·'),
  );
}
