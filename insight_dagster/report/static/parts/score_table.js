// Accuracy by class and split.

import { bar, element, empty } from '../core/dom.js';
import { count, number, share } from '../core/format.js';
import { to } from '../core/router.js';
import { wilsonInterval } from '../core/statistics.js';
import { cell, numberCell, rowHeading, table, tableRow } from '../core/tables.js';

/** @import { Score } from '../core/data.js' */
/** @import { Run } from '../core/run.js' */
/** @import { Heading } from '../core/tables.js' */

const ALL = ''; // the name of all splits together

/**
 * Return the accuracy of every split over all classes as text; empty where there are no splits.
 * @param {Run} run
 */
export function accuracyBySplit(run) {
  const { facts, scores } = run.overview;
  const texts = facts.splits.map((split) => {
    const { right, scored } = total(scores.filter((score) => score.split === split));
    return `${split} ${share(scored ? right / scored : null)}`;
  });
  return texts.join(', ');
}

/** @param {Score[]} scores */
function total(scores) {
  const sum = { clips: 0, scored: 0, right: 0 };
  for (const score of scores) {
    sum.clips += score.clips;
    sum.scored += score.scored;
    sum.right += score.right;
  }
  return sum;
}

/**
 * Return the table of accuracies and losses.
 * @param {Run} run
 */
export function scoreTable(run) {
  const { scores, facts } = run.overview;
  if (!scores.length) {
    return empty('No clips yet', 'Materialize clip_manifest, then measurements.');
  }
  const splits = [ALL, ...facts.splits];
  const names = [...new Set(scores.map((score) => score.class_name))];
  const rows = names.map((name) => {
    const own = scores.filter((score) => score.class_name === name);
    const loss = own.find((score) => score.split === ALL)?.mean_loss;
    return tableRow(
      rowHeading(element('a', { href: to(['clips'], { class: name }) }, name)),
      scoreCells(own, splits),
      numberCell(number(loss)),
    );
  });
  const all = element(
    'tr',
    { class: 'total' },
    rowHeading('all classes'),
    scoreCells(scores, splits),
    numberCell(number(facts.mean_loss)),
  );
  /** @type {Heading[]} */
  const headings = [
    'class',
    ...splits.map((split) => (split ? `accuracy, ${split}` : 'accuracy')),
    ['mean loss, nat', 'number'],
  ];
  const body = names.length > 1 ? [...rows, all] : rows;
  return table('scores', headings, body, 'Accuracy by class and split');
}

/**
 * @param {Score[]} scores
 * @param {string[]} splits
 */
const scoreCells = (scores, splits) =>
  splits.map((split) => cell(accuracy(scores.filter((score) => score.split === split))));

/** @param {Score[]} scores */
function accuracy(scores) {
  if (!scores.length) return element('span', { class: 'faint' }, '–');
  const { clips, scored, right } = total(scores);
  if (!scored) return element('span', { class: 'faint' }, `${count(clips, 'clip')}, none scored`);
  const between = wilsonInterval(right, scored).map(share).join(' to ');
  return element(
    'div',
    { class: 'score', title: `${right} of ${scored} right; 95 % interval ${between}` },
    bar(right / scored),
    element('span', {}, share(right / scored)),
    element('span', { class: 'faint' }, `of ${scored}`),
  );
}
