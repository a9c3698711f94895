// The first page: figures, the insights in short, what changed, confusion, checks, drift, quarantine.

import { bar, element } from '../core/dom.js';
import { count, number, share, words } from '../core/format.js';
import { to } from '../core/router.js';
import { confusionMatrix } from '../parts/confusion_matrix.js';
import { driftTable } from '../parts/drift_table.js';
import { noInsights } from '../parts/insight_card.js';
import { insightChangeTable } from '../parts/insight_changes.js';
import { quarantineTable } from '../parts/quarantine_table.js';
import { accuracyBySplit, scoreTable } from '../parts/score_table.js';
import { failedChecks, verdictTable } from '../parts/verdict_table.js';

/** @import { Child } from '../core/dom.js' */
/** @import { Run } from '../core/run.js' */
/** @import { View } from './view.js' */

const SHORT = 8;

/** @type {View} */
export async function overview({ run, runs, params }) {
  const { facts, drift, verdicts, quarantine } = run.overview;
  return {
    parts: [
      element('h1', { tabindex: -1 }, facts.title),
      facts.random_weights ? randomBanner() : null,
      element(
        'section',
        { 'aria-label': 'Figures' },
        element('div', { class: 'tiles' }, tiles(run)),
      ),
      section('Insights', 'by severity', topInsights(run)),
      section('What changed', 'since the previous run', insightChangeTable(run, runs)),
      section('Classes and splits', '', scoreTable(run)),
      section(
        'Confusion',
        'rows are true labels, columns are predictions; select a cell to see its clips',
        confusionMatrix(run, params.split ?? ''),
      ),
      section('Verdicts', 'results of the checks of each class', verdictTable(verdicts)),
      section('Drift', 'against the baseline', driftTable(drift)),
      section('Quarantine', 'clips that could not be used', quarantineTable(quarantine)),
    ],
  };
}

/**
 * @param {string} title
 * @param {string} lead
 * @param {Child} content
 */
const section = (title, lead, content) =>
  element(
    'section',
    { 'aria-label': title },
    element('h2', {}, title, lead ? element('small', {}, ` ${lead}`) : null),
    element('div', { class: 'panel scroll' }, content),
  );

const randomBanner = () =>
  element(
    'p',
    { class: 'banner', role: 'note' },
    element('strong', {}, 'Random weights'),
    element(
      'span',
      {},
      'The model is untrained. Its predictions, the latent space, the insights and the heatmaps of this run say nothing about the clips; metadata and quarantine do.',
    ),
  );

/**
 * @param {string | number} value
 * @param {string} name
 * @param {string} more
 * @param {string} [href]
 */
const tile = (value, name, more, href) =>
  element(
    href ? 'a' : 'div',
    { class: 'tile', href },
    element('span', {}, name),
    element('b', {}, value),
    element('small', {}, more),
  );

/** @param {Run} run */
function tiles(run) {
  const { facts, verdicts } = run.overview;
  const { space } = facts;
  const cleared = verdicts.filter((verdict) => verdict.cleared).length;
  const scored = accuracyBySplit(run) || `of ${count(facts.scored, 'clip')}`;
  return [
    tile(
      facts.clips.toLocaleString('en-GB'),
      'clips',
      count(facts.classes.length, 'class', 'classes'),
      to(['space']),
    ),
    tile(share(facts.accuracy), 'accuracy', facts.scored ? scored : 'no clip scored'),
    tile(number(facts.mean_loss), 'mean loss', 'nat'),
    tile(
      run.cards.length,
      'insights',
      run.cards.length ? 'ranked by severity' : 'none significant',
      to(['insights']),
    ),
    tile(
      space ? space.clusters : '–',
      'clusters',
      space ? `${share(space.noise_share)} of clips in none` : 'no latent space yet',
      to(['space'], { colour: 'cluster' }),
    ),
    tile(
      verdicts.length ? `${cleared} of ${verdicts.length}` : '–',
      'classes cleared',
      failedChecks(verdicts),
    ),
    tile(
      facts.quarantined.toLocaleString('en-GB'),
      'quarantined',
      facts.quarantined ? 'reasons below' : 'every clip could be used',
    ),
  ];
}

/** @param {Run} run */
function topInsights(run) {
  if (!run.cards.length) return noInsights();
  const items = run.cards.slice(0, SHORT).map((card) => {
    const badge = element('span', { class: 'badge' }, words(card.kind));
    const href = to(['insight', card.key]);
    return element(
      'li',
      {},
      element('a', { href }, badge, ` ${card.sentence}`),
      bar(card.severity, `severity ${number(card.severity)}`),
    );
  });
  const left = run.cards.length - SHORT;
  return [
    element('ol', { class: 'ranked' }, items),
    left > 0 ? element('a', { href: to(['insights']) }, `and ${left} more`) : null,
  ];
}
