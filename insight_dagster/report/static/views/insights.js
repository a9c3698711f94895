// The ranked insights: what was found, how certain it is, what sets its clips apart.

import { select } from '../core/controls.js';
import { element, empty, expandableList } from '../core/dom.js';
import { words } from '../core/format.js';
import { change, to } from '../core/router.js';
import { cardHead, causes, figures, noInsights } from '../parts/insight_card.js';
import { clipTile } from '../parts/thumbnails.js';

/** @import { Card } from '../core/insight_data.js' */
/** @import { Params } from '../core/router.js' */
/** @import { Run } from '../core/run.js' */
/** @import { View } from './view.js' */

/** @type {[name: 'kind' | 'class_name' | 'population', label: string][]} */
const FILTERS = [
  ['kind', 'Kind'],
  ['class_name', 'Class'],
  ['population', 'Population'],
];
const [CARDS_SHOWN, CAUSES_SHOWN, EXAMPLES_SHOWN] = [20, 3, 4];

/** @type {View} */
export async function insights({ run, params }) {
  const title = element('h1', { tabindex: -1 }, 'Insights');
  if (!run.cards.length) {
    return { parts: [title, element('div', { class: 'panel' }, noInsights())] };
  }
  const shown = run.cards.filter((card) => matches(run, card, params));
  const none = () =>
    empty('No matching insight', 'Choose another kind, class, population or split.');
  const draw = (/** @type {Card} */ card) => summaryCard(run, card);
  return {
    parts: [
      title,
      element(
        'div',
        { class: 'controls' },
        choosers(run, params),
        element('span', { role: 'status' }, `${shown.length} of ${run.cards.length}`),
      ),
      shown.length ? expandableList('cards', shown, draw, CARDS_SHOWN) : none(),
    ],
  };
}

/**
 * @param {Run} run
 * @param {Card} card
 * @param {Params} params
 */
const matches = (run, card, params) =>
  FILTERS.every(([name]) => !params[name] || card[name] === params[name]) &&
  (!params.split || card.rows.some((row) => run.text('split', row) === params.split));

/**
 * @param {Run} run
 * @param {Params} params
 */
function choosers(run, params) {
  /** @type {(name: string, label: string, options: [string, string][]) => HTMLElement} */
  const chooser = (name, label, options) =>
    select(`filter-${name}`, label, options, params[name] ?? '', (value) =>
      change({ [name]: value }, { step: true }),
    );
  const byColumn = FILTERS.map(([name, label]) => {
    const values = [...new Set(run.cards.map((card) => card[name]))].sort();
    return chooser(name, label, [['', 'all'], ...options(values)]);
  });
  const { splits } = run.facts;
  /** @type {[string, string][]} */
  const named = splits.map((split) => [split, split]);
  const bySplit = () => chooser('split', 'With clips of', [['', 'any split'], ...named]);
  return [byColumn, splits.length ? bySplit() : null];
}

/**
 * @param {string[]} values
 * @returns {[string, string][]}
 */
const options = (values) => values.map((value) => [value, words(value)]);

/**
 * @param {Run} run
 * @param {Card} card
 */
function summaryCard(run, card) {
  const page = to(['insight', card.key]);
  const space = to(['space'], { insight: card.key });
  return element(
    'article',
    { class: 'card' },
    cardHead(card),
    element('h2', {}, element('a', { href: page }, card.sentence)),
    figures(run, card),
    element('div', { class: 'card-body' }, causes(run, card, CAUSES_SHOWN), examples(run, card)),
    element(
      'div',
      { class: 'card-foot' },
      element('a', { href: page }, 'Details'),
      element('a', { href: space }, 'Show in the latent space'),
    ),
  );
}

/**
 * @param {Run} run
 * @param {Card} card
 */
function examples(run, card) {
  const rows = card.examples.length ? card.examples.map((example) => example.row) : card.rows;
  const tiles = [...new Set(rows)].slice(0, EXAMPLES_SHOWN).map((row) => clipTile(run, row));
  return element(
    'div',
    {},
    element('h3', {}, 'Examples'),
    element('div', { class: 'grid' }, tiles),
  );
}
