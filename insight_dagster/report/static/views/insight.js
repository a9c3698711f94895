// One insight in full: evidence, examples with heatmaps, actions, clips, history, definition.

import { element, empty } from '../core/dom.js';
import { number, words } from '../core/format.js';
import { to } from '../core/router.js';
import { cell, numberCell, rowHeading, table, tableRow } from '../core/tables.js';
import { actionSection } from '../parts/actions.js';
import { sizeLine } from '../parts/charts.js';
import { cardHead, causes, figures } from '../parts/insight_card.js';
import { player } from '../parts/player.js';
import { clipGrid } from '../parts/thumbnails.js';

/** @import { ListedRun } from '../core/data.js' */
/** @import { Card, Example } from '../core/insight_data.js' */
/** @import { Run } from '../core/run.js' */
/** @import { Heading } from '../core/tables.js' */
/** @import { View } from './view.js' */

const [CAUSES_SHOWN, EXAMPLES_SHOWN] = [8, 4];

/** @type {View} */
export async function insight({ run, runs, path }) {
  const card = run.card(path[1] ?? '');
  if (!card) return { parts: missing(run, runs, path[1] ?? '') };
  const space = to(['space'], { insight: card.key });
  return {
    parts: [
      cardHead(card),
      element('h1', { tabindex: -1, class: 'sentence' }, card.sentence),
      element('p', { class: 'todo' }, element('b', {}, 'What to do: '), card.action),
      figures(run, card),
      element('p', {}, element('a', { href: space }, 'Outline its clips in the latent space')),
      element('div', { class: 'panel' }, causes(run, card, CAUSES_SHOWN, { whole: true })),
      examples(run, card),
      actionSection(run, card),
      element(
        'section',
        { 'aria-label': 'Clips' },
        element('h2', {}, `Its ${card.rows.length} clips`),
        clipGrid(run, card.rows, { note: (_, at) => note(run, card, at) }),
      ),
      history(card),
      definition(run, card),
    ],
  };
}

/**
 * Return why there is no such insight, and where it was.
 * @param {Run} run
 * @param {ListedRun[]} runs
 * @param {string} id
 */
function missing(run, runs, id) {
  const key = run.identities[id] ?? id;
  const resolved = run.resolved.find((each) => each.ledger_id === key);
  const had = runs.find((each) => each.name !== run.name && key in each.insights);
  const href = had && to(['insight', key], { run: had.name });
  const text = `It is in the run of ${had?.created_at}`;
  const link = had ? element('p', {}, element('a', { href }, text)) : null;
  if (resolved) {
    const name = had?.insights[key] ?? `${words(resolved.kind)} of ${resolved.class_name}`;
    const since = `The run of ${resolved.recorded_at.slice(0, 19)} UTC no longer found it.`;
    return [
      element('h1', { tabindex: -1, class: 'sentence' }, `Resolved: ${name}`),
      element('div', { class: 'panel' }, element('p', {}, since), link),
    ];
  }
  const elsewhere = had ? '' : 'No other stored run has it either.';
  return [
    element('h1', { tabindex: -1 }, 'No such insight'),
    element(
      'div',
      { class: 'panel' },
      empty('This run has no insight with this id', elsewhere),
      link,
    ),
  ];
}

/**
 * Return the note under a member: the suggested label, the clip it repeats, or its membership.
 * @param {Run} run
 * @param {Card} card
 * @param {number} at
 */
function note(run, card, at) {
  if (card.suggested[at]) return `→ ${card.suggested[at]}`;
  const partner = card.partners[at];
  if (partner < 0) return `membership ${number(card.weights[at])}`;
  const split = run.text('split', partner);
  return `repeats ${run.fileName(partner)}${split ? `, ${split}` : ''}`;
}

/**
 * @param {Run} run
 * @param {Card} card
 */
function examples(run, card) {
  if (!card.examples.length) return null;
  const shown = card.examples.slice(0, EXAMPLES_SHOWN).map((each) => exampleFigure(run, each));
  return element(
    'section',
    { 'aria-label': 'Examples' },
    element('h2', {}, 'Examples'),
    element('div', { class: 'examples' }, shown, meanHeatmap(card)),
  );
}

/**
 * @param {Run} run
 * @param {Example} example
 */
function exampleFigure(run, example) {
  const href = to(['clip', run.text('clip_id', example.row)]);
  return element(
    'figure',
    {},
    player(run, example.row, [example]),
    element(
      'figcaption',
      {},
      element('a', { href }, run.fileName(example.row)),
      `: evidence for ${example.target}`,
    ),
  );
}

/** @param {Card} card */
function meanHeatmap(card) {
  if (!card.average) return null;
  const target = card.average_target;
  const alt = `Mean heatmap for ${target}`;
  const caption = `Where the model looked for ${target}, mean over frames and examples`;
  return element(
    'figure',
    { class: 'mean' },
    element('img', { src: card.average, alt, width: 160, height: 160 }),
    element('figcaption', {}, caption),
  );
}

/** @param {Card} card */
function history(card) {
  if (!card.past.length) return null;
  const rows = [...card.past]
    .reverse()
    .map((line) =>
      tableRow(
        rowHeading(line.recorded_at.slice(0, 16)),
        cell(element('span', { class: `status ${line.status}` }, line.status)),
        numberCell(number(line.size)),
        numberCell(number(line.severity)),
        numberCell(number(line.accuracy)),
      ),
    );
  /** @type {Heading[]} */
  const headings = [
    'run',
    'status',
    ['clips', 'number'],
    ['severity', 'number'],
    ['accuracy', 'number'],
  ];
  const sizes = card.past.map((line) => line.size);
  return element(
    'section',
    { 'aria-label': 'History' },
    element('h2', {}, 'History'),
    element(
      'div',
      { class: 'panel scroll' },
      sizes.length > 1 ? sizeLine(sizes) : null,
      table('plain', headings, rows, 'History of the insight'),
    ),
  );
}

/**
 * @param {Run} run
 * @param {Card} card
 */
function definition(run, card) {
  const text = run.definitions[card.kind] ?? 'No definition is stored.';
  return element(
    'details',
    { class: 'panel' },
    element('summary', {}, `How ${words(card.kind)} is defined`),
    element('pre', { class: 'definition' }, text),
  );
}
