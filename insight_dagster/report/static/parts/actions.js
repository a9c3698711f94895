// What to do about an insight: advice with its expected effect, and single steps.

import { csv, download } from '../core/csv.js';
import { element } from '../core/dom.js';
import { number, points, words } from '../core/format.js';
import { to } from '../core/router.js';
import { cell, numberCell, table, tableRow, textCell } from '../core/tables.js';

/** @import { Action, Card, ExpectedEffect } from '../core/insight_data.js' */
/** @import { Run } from '../core/run.js' */

const STEPS_SHOWN = 200;

/**
 * Return the actions of an insight, or null where there are none.
 * @param {Run} run
 * @param {Card} card
 */
export function actionSection(run, card) {
  const { effects, actions } = card;
  if (!effects.length && !actions.length) return null;
  return element(
    'section',
    { 'aria-label': 'Actions' },
    element('h2', {}, 'Actions'),
    element(
      'div',
      { class: 'panel' },
      effects.map((each) => element('p', {}, each.advice, ' ', expected(each))),
      actions.length ? steps(run, card) : null,
    ),
  );
}

/** @param {ExpectedEffect} effect */
function expected(effect) {
  if (effect.change === null) {
    const why = effect.reason ? `No estimate: ${effect.reason}` : '';
    return element('span', { class: 'soft' }, why);
  }
  const between = `95 % interval ${points(effect.ci_low)} to ${points(effect.ci_high)}`;
  const other = `; ${words(effect.side_measure ?? 'elsewhere')} ${points(effect.side_change)}`;
  return element(
    'span',
    {},
    `Expected: ${words(effect.measure)} ${points(effect.change)} `,
    `(${between}, ${effect.clips} held-out clips)${effect.side_change === null ? '' : other}.`,
  );
}

/**
 * @param {Run} run
 * @param {Card} card
 */
function steps(run, card) {
  const save = () => download(`actions-${card.key}.csv`, stepCsv(run, card.actions));
  const rows = card.actions.slice(0, STEPS_SHOWN).map((step) => stepRow(run, step));
  const shown = table('plain', ['step', 'clip', 'to', ['confidence', 'number']], rows, 'Steps');
  return [
    element(
      'button',
      { type: 'button', onclick: save },
      `Download the ${card.actions.length} steps (CSV)`,
    ),
    element('details', {}, element('summary', {}, 'Show the steps'), shown),
  ];
}

/**
 * @param {Run} run
 * @param {string | null} id of a clip
 */
function pathOf(run, id) {
  const row = id === null ? undefined : run.rowOf.get(id);
  return row === undefined ? '' : run.text('path', row);
}

/**
 * @param {Run} run
 * @param {Action} step
 */
function stepRow(run, step) {
  const path = pathOf(run, step.clip_id);
  return tableRow(
    cell(step.verb),
    textCell(path ? element('a', { href: to(['clip', step.clip_id]) }, path) : step.clip_id),
    textCell(
      step.suggested_class ? `→ ${step.suggested_class}` : pathOf(run, step.partner_clip_id),
    ),
    numberCell(number(step.confidence)),
  );
}

/**
 * @param {Run} run
 * @param {Action[]} steps
 */
const stepCsv = (run, steps) =>
  csv(
    [
      'rank',
      'clip_id',
      'path',
      'verb',
      'suggested_class',
      'partner_clip_id',
      'partner_path',
      'confidence',
    ],
    steps.map((step) => [
      step.rank,
      step.clip_id,
      pathOf(run, step.clip_id),
      step.verb,
      step.suggested_class,
      step.partner_clip_id,
      pathOf(run, step.partner_clip_id),
      step.confidence,
    ]),
  );
