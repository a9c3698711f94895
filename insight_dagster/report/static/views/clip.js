// One clip: what the model saw and predicts, what was measured, its nearest clips and insights.

import { bar, breakable, element, empty } from '../core/dom.js';
import { describe, number, share, unitSuffix, words } from '../core/format.js';
import { to } from '../core/router.js';
import { percentile } from '../core/statistics.js';
import { player } from '../parts/player.js';
import { clipTile, predictionText } from '../parts/thumbnails.js';

/** @import { ClipViews, Field, Numbers } from '../core/data.js' */
/** @import { Example } from '../core/insight_data.js' */
/** @import { Child } from '../core/dom.js' */
/** @import { Run } from '../core/run.js' */
/** @import { View } from './view.js' */

/** @type {View} */
export async function clip({ run, path }) {
  const id = path[1] ?? '';
  const row = run.rowOf.get(id);
  if (row === undefined) {
    const title = element('h1', { tabindex: -1 }, 'No such clip');
    return { parts: [title, element('div', { class: 'panel' }, missing(run, id))] };
  }
  const [fields, views] = await Promise.all([run.allFields(), run.views()]);
  return {
    parts: [
      element('h1', { tabindex: -1 }, run.fileName(row)),
      element(
        'div',
        { class: 'clip' },
        element('div', {}, player(run, row, heatmapsOf(run, row))),
        element('div', {}, facts(run, row), topPredictions(run, row, views)),
      ),
      insightsOf(run, row),
      element(
        'section',
        { 'aria-label': 'Measured' },
        heading('Measured', `with percentiles among the clips of ${run.text('class_name', row)}`),
        measures(run, row, fields),
      ),
      neighbours(run, row, views),
    ],
  };
}

/**
 * @param {string} text
 * @param {string} more
 */
const heading = (text, more) => element('h2', {}, `${text} `, element('small', {}, more));

/**
 * @param {Run} run
 * @param {string} id
 * @returns {Child}
 */
function missing(run, id) {
  const bad = run.overview.quarantine.find((each) => each.clip_id === id);
  if (!bad) {
    const where = 'It may be in another run, or in quarantine, which the overview lists.';
    return empty('This run has no clip with this id', where);
  }
  return [
    empty('This clip is in quarantine', bad.problem ?? 'No reason was recorded.'),
    element('p', {}, element('code', {}, breakable(bad.path))),
  ];
}

/**
 * Return the heatmaps of a clip, each once.
 * @param {Run} run
 * @param {number} row
 * @returns {Example[]}
 */
function heatmapsOf(run, row) {
  const examples = run.cards.flatMap((card) => card.examples).filter((each) => each.row === row);
  return [...new Map(examples.map((example) => [example.heat, example])).values()];
}

/**
 * @param {Run} run
 * @param {number} row
 */
function facts(run, row) {
  const [id, name, cluster] = [
    run.text('clip_id', row),
    run.text('class_name', row),
    run.columns.cluster[row],
  ];
  /** @type {[string, Child][]} */
  const rows = [
    ['class', element('a', { href: to(['clips'], { class: name }) }, name)],
    ['predicted', predictionText(run, row, 'nothing yet')],
    ['probability', `${share(run.number('probability', row))} for the true label`],
    ['loss', `${number(run.number('loss', row))} nat`],
    ['split', run.text('split', row) || 'none'],
    ['cluster', cluster < -1 ? 'not clustered' : cluster < 0 ? 'none' : cluster],
    ['path', element('code', {}, breakable(run.text('path', row)))],
    ['clip id', element('code', {}, id)],
  ];
  return element(
    'div',
    { class: 'panel' },
    element(
      'dl',
      {},
      rows.map(([term, value]) => [element('dt', {}, term), element('dd', {}, value)]),
    ),
    element('a', { href: to(['space'], { clip: id }) }, 'Show in the latent space'),
  );
}

/**
 * @param {Run} run
 * @param {number} row
 * @param {ClipViews} views
 */
function topPredictions(run, row, views) {
  const probabilities = views.probabilities(row);
  const known = Array.from(views.top(row), (label, at) => ({ label, share: probabilities[at] }));
  const shown = known.filter((each) => each.label >= 0);
  if (!shown.length) return null;
  const rows = shown.map((each) => {
    const name = views.labels[each.label] ?? `label ${each.label}`;
    const isTrue = name === run.text('class_name', row);
    return element(
      'div',
      { class: `prediction${isTrue ? ' own' : ''}` },
      element('span', { class: 'wrap' }, name, isTrue && element('small', {}, ' (true label)')),
      bar(each.share, share(each.share)),
      element('span', { class: 'number' }, share(each.share)),
    );
  });
  return element('div', { class: 'panel' }, element('h2', {}, 'Top predictions'), rows);
}

/**
 * @param {Run} run
 * @param {number} row
 */
function insightsOf(run, row) {
  const cards = run.cardsOf(row);
  if (!cards.length) return null;
  const items = cards.map((card) => {
    const badge = element('span', { class: 'badge' }, words(card.kind));
    const href = to(['insight', card.key]);
    return element('li', {}, element('a', { href }, badge, ` ${card.sentence}`));
  });
  return element(
    'section',
    { 'aria-label': 'Insights' },
    element('h2', {}, 'Insights with this clip'),
    element('ul', { class: 'plain-list panel' }, items),
  );
}

/**
 * @param {Run} run
 * @param {number} row
 * @param {(Field & { values: Numbers })[]} fields
 */
function measures(run, row, fields) {
  const name = run.text('class_name', row);
  const sameClass = run.rowsWhere((each) => run.text('class_name', each) === name);
  return element(
    'div',
    { class: 'panel measures' },
    fields.map((field) => measure(field, row, sameClass)),
  );
}

/**
 * @param {Field & { values: Numbers }} field
 * @param {number} row
 * @param {number[]} sameClass rows to compare with
 */
function measure(field, row, sameClass) {
  const value = field.values[row];
  const place = percentile(field.values, sameClass, value);
  const unit = Number.isNaN(value) ? '' : unitSuffix(field.unit);
  const marker = place === null ? null : element('i', { style: { left: `${100 * place}%` } });
  const rank = place === null ? 'no value' : `percentile ${Math.round(100 * place)}`;
  return element(
    'div',
    { class: 'measure', title: describe(field) },
    element('span', { class: 'name' }, words(field.name)),
    element(
      'span',
      { class: 'number' },
      number(value),
      unit && element('small', { class: 'faint' }, unit),
    ),
    element('span', { class: 'rank' }, marker),
    element('span', { class: 'faint number' }, rank),
  );
}

/**
 * @param {Run} run
 * @param {number} row
 * @param {ClipViews} views
 */
function neighbours(run, row, views) {
  const rows = Array.from(views.neighbours(row)).filter((each) => each >= 0);
  if (!rows.length) return null;
  return element(
    'section',
    { 'aria-label': 'Nearest clips' },
    heading('Nearest clips', 'in the latent space, the nearest first'),
    element(
      'div',
      { class: 'grid' },
      rows.map((each) => clipTile(run, each)),
    ),
  );
}
