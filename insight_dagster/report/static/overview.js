// The first page: figures, what changed, the insights in short, confusion, drift, quarantine.

import { bar, breakable, element, empty, table } from './dom.js';
import { count, number, q, share, words } from './format.js';
import { matrix } from './matrix.js';
import { to } from './router.js';

const SHORT = 8;

export async function overview({ run, params }) {
  const { facts, scores } = run.overview;
  return [
    element('h1', { tabindex: -1 }, facts.title),
    facts.random_weights ? randomBanner() : null,
    element('section', { 'aria-label': 'Figures' }, element('div', { class: 'tiles' }, tiles(run))),
    part('Insights', 'by severity', insightsShort(run)),
    part('What changed', 'since the run before', changes(run)),
    part('Classes and splits', '', scores.length ? scoreTable(run) : empty('No clips yet', 'Materialize clip_manifest, then measurements.')),
    part('Confusion', 'rows are labels, columns what the model says; a cell opens its clips', matrix(run, params.split ?? '')),
    part('Drift', 'against the baseline', drift(run)),
    part('Quarantine', 'clips that could not be used', quarantine(run)),
  ];
}

const part = (title, lead, ...content) =>
  element('section', { 'aria-label': title }, element('h2', {}, title, lead ? element('small', {}, ` ${lead}`) : null), element('div', { class: 'panel scroll' }, content));

const randomBanner = () =>
  element(
    'p',
    { class: 'banner', role: 'note' },
    element('strong', {}, 'Random weights'),
    element('span', {}, 'The model is untrained. Its predictions, the latent space, the insights and the heatmaps of this run say nothing about the clips; metadata and quarantine do.')
  );

function tiles(run) {
  const { facts, verdicts } = run.overview;
  const { space } = facts;
  const tile = (value, name, more, href) =>
    element(href ? 'a' : 'div', { class: 'tile', href }, element('span', {}, name), element('b', {}, value), element('small', {}, more));
  const failed = verdicts.filter((verdict) => !verdict.cleared).length;
  return [
    tile(facts.clips.toLocaleString('en-GB'), 'clips', count(facts.classes.length, 'class').replace('classs', 'classes'), to(['space'])),
    tile(share(facts.accuracy), 'accuracy', facts.scored ? `${facts.scored.toLocaleString('en-GB')} clips scored` : 'no clip scored'),
    tile(number(facts.mean_loss), 'mean loss', 'nat'),
    tile(run.cards.length, 'insights', run.cards.length ? 'ranked by severity' : 'none above the noise', to(['insights'])),
    tile(space ? space.clusters : '–', 'clusters', space ? `${share(space.noise_share)} of clips in none` : 'no latent space yet', to(['space'], { colour: 'cluster' })),
    tile(verdicts.length ? `${verdicts.length - failed} of ${verdicts.length}` : '–', 'classes cleared', failed ? `${failed} with failed checks` : 'no failed check'),
    tile(facts.quarantined.toLocaleString('en-GB'), 'quarantined', facts.quarantined ? 'reasons below' : 'every clip could be used'),
  ];
}

function insightsShort(run) {
  if (!run.cards.length) return empty('No insights', 'No group of clips stood out after correcting for the number of groups looked at. Without clusters yet: materialize insights.');
  const items = run.cards.slice(0, SHORT).map((card) =>
    element('li', {}, element('a', { href: to(['insight', card.insight_id]) }, element('span', { class: 'badge' }, words(card.kind)), ` ${card.sentence}`), bar(card.severity, `severity ${number(card.severity)}`))
  );
  const left = run.cards.length - SHORT;
  return [element('ol', { class: 'ranked' }, items), left > 0 ? element('a', { href: to(['insights']) }, `and ${left} more`) : null];
}

function changes(run) {
  const rows = run.overview.changes.slice(0, SHORT).map((change) => {
    const present = change.insight_id && run.card(change.insight_id);
    const name = `${words(change.kind)}: ${change.class_name}`;
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, element('span', { class: `status ${change.status}` }, change.status)),
      element('td', {}, present ? element('a', { href: to(['insight', change.insight_id]) }, name) : name),
      element('td', { class: 'number' }, number(change.size)),
      element('td', { class: 'number' }, number(change.severity))
    );
  });
  if (!rows.length) return empty('Nothing changed', 'The ledger compares insights run by run; there is no change in the last one.');
  const left = run.overview.changes.length - rows.length;
  return [
    table('plain', [['status', ''], ['insight', ''], ['clips', 'number'], ['severity', 'number']], rows, 'Insights that changed'),
    left > 0 ? element('p', { class: 'note' }, `and ${left} more: the page of each insight has its history`) : null,
  ];
}

function scoreTable(run) {
  const { scores, facts } = run.overview;
  const splits = ['', ...facts.splits];
  const of = (name, split) => scores.find((score) => score.class_name === name && score.split === split);
  const rows = [...new Set(scores.map((score) => score.class_name))].map((name) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, element('a', { href: to(['clips'], { class: name }) }, name)),
      splits.map((split) => element('td', {}, score(of(name, split)))),
      element('td', { class: 'number' }, number(of(name, '').mean_loss))
    )
  );
  const headings = splits.map((split) => [split ? `accuracy, ${split}` : 'accuracy', '']);
  return table('scores', [['class', ''], ...headings, ['mean loss', 'number']], rows, 'Accuracy by class and split');
}

function score(found) {
  if (!found) return element('span', { class: 'faint' }, '–');
  if (!found.scored) return element('span', { class: 'faint' }, `${found.clips} clips, none scored`);
  const right = found.right / found.scored;
  return element('div', { class: 'score' }, bar(right, `${found.right} of ${found.scored} right`), element('span', {}, share(right)), element('span', { class: 'faint' }, `of ${found.scored}`));
}

function drift(run) {
  const judged = run.overview.drift.filter((row) => row.judged);
  if (!judged.length) return empty('No drift figures', 'They need a baseline: promote one with `insight promote`, then materialize performance.');
  const rows = judged.slice(0, 60).map((row) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, row.class_name || 'all classes'),
      element('td', {}, `${words(row.part)}: ${words(row.metric)}`),
      element('td', { class: 'number' }, number(row.value_then)),
      element('td', { class: 'number' }, number(row.value_now)),
      element('td', { class: 'number' }, number(row.effect)),
      element('td', { class: 'number' }, q(row.adjusted_p ?? row.p_value))
    )
  );
  return table('plain', [['class', ''], ['what', ''], ['then', 'number'], ['now', 'number'], ['effect', 'number'], ['p', 'number']], rows, 'Drift');
}

function quarantine(run) {
  const rows = run.overview.quarantine.map((row) =>
    element('tr', {}, element('td', {}, element('code', {}, breakable(row.path))), element('td', { class: 'wrap' }, row.class_name), element('td', {}, row.split || '–'), element('td', { class: 'wrap' }, row.problem ?? 'no reason was recorded'))
  );
  if (!rows.length) return empty('Nothing is quarantined', 'Every clip of the library could be decoded.');
  return table('plain', [['clip', ''], ['class', ''], ['split', ''], ['why it was left out', '']], rows, 'Quarantined clips');
}
