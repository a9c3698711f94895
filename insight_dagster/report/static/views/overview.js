// The first page: figures, what changed, the insights in short, confusion, drift, quarantine.

import { bar, breakable, element, empty, table } from '../core/dom.js';
import { count, number, share, wilson, words } from '../core/format.js';
import { to } from '../core/router.js';
import { driftTable } from '../parts/drift.js';
import { matrix } from '../parts/matrix.js';

const SHORT = 8;

export async function overview({ run, runs, params }) {
  const { facts, scores } = run.overview;
  return [
    element('h1', { tabindex: -1 }, facts.title),
    facts.random_weights ? randomBanner() : null,
    element('section', { 'aria-label': 'Figures' }, element('div', { class: 'tiles' }, tiles(run))),
    part('Insights', 'by severity', insightsShort(run)),
    part('What changed', 'since the run before', changes(run, runs)),
    part(
      'Classes and splits',
      '',
      scores.length
        ? scoreTable(run)
        : empty('No clips yet', 'Materialize clip_manifest, then measurements.'),
    ),
    part(
      'Confusion',
      'rows are labels, columns what the model says; a cell opens its clips',
      matrix(run, params.split ?? ''),
    ),
    part('Verdicts', 'what the checks say of each class', verdicts(run)),
    part('Drift', 'against the baseline', driftTable(run.overview.drift)),
    part('Quarantine', 'clips that could not be used', quarantine(run)),
  ];
}

const part = (title, lead, ...content) =>
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

function tiles(run) {
  const { facts, verdicts } = run.overview;
  const { space } = facts;
  const tile = (value, name, more, href) =>
    element(
      href ? 'a' : 'div',
      { class: 'tile', href },
      element('span', {}, name),
      element('b', {}, value),
      element('small', {}, more),
    );
  const failed = verdicts.filter((verdict) => !verdict.cleared).length;
  return [
    tile(
      facts.clips.toLocaleString('en-GB'),
      'clips',
      count(facts.classes.length, 'class').replace('classs', 'classes'),
      to(['space']),
    ),
    tile(
      share(facts.accuracy),
      'accuracy',
      facts.scored ? bySplit(run) || `of ${count(facts.scored, 'clip')}` : 'no clip scored',
    ),
    tile(number(facts.mean_loss), 'mean loss', 'nat'),
    tile(
      run.cards.length,
      'insights',
      run.cards.length ? 'ranked by severity' : 'none above the noise',
      to(['insights']),
    ),
    tile(
      space ? space.clusters : '–',
      'clusters',
      space ? `${share(space.noise_share)} of clips in none` : 'no latent space yet',
      to(['space'], { colour: 'cluster' }),
    ),
    tile(
      verdicts.length ? `${verdicts.length - failed} of ${verdicts.length}` : '–',
      'classes cleared',
      warned(verdicts),
    ),
    tile(
      facts.quarantined.toLocaleString('en-GB'),
      'quarantined',
      facts.quarantined ? 'reasons below' : 'every clip could be used',
    ),
  ];
}

// Accuracy of every split over all classes; empty where there are no splits.
function bySplit(run) {
  const { facts, scores } = run.overview;
  return facts.splits
    .map(
      (split) => `${split} ${share(accuracyOf(scores.filter((score) => score.split === split)))}`,
    )
    .join(', ');
}

const total = (scores, name) => scores.reduce((sum, score) => sum + score[name], 0);

const accuracyOf = (scores) =>
  total(scores, 'scored') ? total(scores, 'right') / total(scores, 'scored') : null;

function warned(verdicts) {
  const [errors, warnings] = ['errors', 'warnings'].map((kind) =>
    verdicts.reduce((sum, verdict) => sum + verdict[kind].length, 0),
  );
  if (!errors && !warnings) return 'no failed check';
  return [errors && count(errors, 'error'), warnings && count(warnings, 'warning')]
    .filter(Boolean)
    .join(', ');
}

function verdicts(run) {
  const list = (names, kind) =>
    names.length
      ? element('span', { class: kind }, names.map(words).join(', '))
      : element('span', { class: 'faint' }, 'none');
  const rows = run.overview.verdicts.map((verdict) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, verdict.class_name),
      element(
        'td',
        {},
        verdict.cleared ? 'cleared' : element('b', { class: 'bad' }, 'not cleared'),
      ),
      element('td', { class: 'wrap' }, list(verdict.errors, 'bad')),
      element('td', { class: 'wrap' }, list(verdict.warnings, '')),
    ),
  );
  if (!rows.length)
    return empty('No verdicts yet', 'Materialize verdict: it asks every check of a class.');
  return table(
    'plain',
    [
      ['class', ''],
      ['verdict', ''],
      ['failed checks', ''],
      ['warnings', ''],
    ],
    rows,
    'Verdicts',
  );
}

function insightsShort(run) {
  if (!run.cards.length)
    return empty(
      'No insights',
      'No group of clips stood out after correcting for the number of groups looked at. Without clusters yet: materialize insights.',
    );
  const items = run.cards
    .slice(0, SHORT)
    .map((card) =>
      element(
        'li',
        {},
        element(
          'a',
          { href: to(['insight', card.key]) },
          element('span', { class: 'badge' }, words(card.kind)),
          ` ${card.sentence}`,
        ),
        bar(card.severity, `severity ${number(card.severity)}`),
      ),
    );
  const left = run.cards.length - SHORT;
  return [
    element('ol', { class: 'ranked' }, items),
    left > 0 ? element('a', { href: to(['insights']) }, `and ${left} more`) : null,
  ];
}

function changes(run, runs) {
  const found = run.overview.changes;
  if (!found)
    return empty(
      'This is the first run',
      'From the next one on, this says what became of the insights.',
    );
  if (!found.length)
    return empty('Nothing changed', 'Every insight is as it was in the run before.');
  const counts = [...new Set(found.map((each) => each.status))].map(
    (status) => `${found.filter((each) => each.status === status).length} ${status}`,
  );
  const compared = runs[runs.findIndex((each) => each.name === run.name) + 1];
  const rows = found.slice(0, SHORT).map((each) => {
    const name = each.sentence ?? compared?.insights[each.ledger_id] ?? each.class_name;
    return element(
      'tr',
      {},
      element(
        'th',
        { scope: 'row' },
        element('span', { class: `status ${each.status}` }, each.status),
      ),
      element(
        'td',
        { class: 'wrap' },
        element('span', { class: 'badge' }, words(each.kind)),
        ' ',
        element('a', { href: to(['insight', each.ledger_id]) }, name),
      ),
      element('td', { class: 'number' }, each.status === 'resolved' ? '–' : number(each.size)),
    );
  });
  return [
    element('p', { class: 'soft' }, `${counts.join(', ')}.`),
    table(
      'plain',
      [
        ['status', ''],
        ['insight', ''],
        ['clips', 'number'],
      ],
      rows,
      'Insights that changed',
    ),
    compared
      ? element(
          'p',
          { class: 'note' },
          element(
            'a',
            { href: to(['compare'], { with: compared.name }) },
            'All insights of both runs, and the clips that flipped',
          ),
        )
      : null,
  ];
}

function scoreTable(run) {
  const { scores, facts } = run.overview;
  const splits = ['', ...facts.splits];
  const of = (name, split) =>
    scores.filter((each) => (name === null || each.class_name === name) && each.split === split);
  const names = [...new Set(scores.map((each) => each.class_name))];
  const rows = [...names, ...(names.length > 1 ? [null] : [])].map((name) =>
    element(
      'tr',
      { class: name === null ? 'total' : null },
      element(
        'th',
        { scope: 'row' },
        name === null
          ? 'all classes'
          : element('a', { href: to(['clips'], { class: name }) }, name),
      ),
      splits.map((split) => element('td', {}, score(of(name, split)))),
      element(
        'td',
        { class: 'number' },
        number(name === null ? facts.mean_loss : of(name, '')[0].mean_loss),
      ),
    ),
  );
  const headings = splits.map((split) => [split ? `accuracy, ${split}` : 'accuracy', '']);
  return table(
    'scores',
    [['class', ''], ...headings, ['mean loss, nat', 'number']],
    rows,
    'Accuracy by class and split',
  );
}

function score(found) {
  if (!found.length) return element('span', { class: 'faint' }, '–');
  const [scored, right] = [total(found, 'scored'), total(found, 'right')];
  if (!scored)
    return element(
      'span',
      { class: 'faint' },
      `${count(total(found, 'clips'), 'clip')}, none scored`,
    );
  return element(
    'div',
    { class: 'score', title: `${right} of ${scored} right; ${wilson(right, scored)}` },
    bar(right / scored),
    element('span', {}, share(right / scored)),
    element('span', { class: 'faint' }, `of ${scored}`),
  );
}

function quarantine(run) {
  const rows = run.overview.quarantine.map((row) =>
    element(
      'tr',
      {},
      element('td', {}, element('a', { href: to(['clip', row.clip_id]) }, breakable(row.path))),
      element('td', { class: 'wrap' }, row.class_name),
      element('td', {}, row.split || '–'),
      element('td', { class: 'wrap' }, row.problem ?? 'no reason was recorded'),
    ),
  );
  if (!rows.length)
    return empty('Nothing is quarantined', 'Every clip of the library could be decoded.');
  return table(
    'plain',
    [
      ['clip', ''],
      ['class', ''],
      ['split', ''],
      ['why it was left out', ''],
    ],
    rows,
    'Quarantined clips',
  );
}
