// The ranked insights: what was found, how sure it is, what sets its clips apart.

import { bar, element, empty, grown, select } from '../core/dom.js';
import { interval, number, q, share, words } from '../core/format.js';
import { change, to } from '../core/router.js';
import { effect, spread } from '../parts/charts.js';
import { clipTile } from '../parts/thumbs.js';

const FILTERS = [
  ['kind', 'Kind'],
  ['class_name', 'Class'],
  ['population', 'Population'],
];
const [CARDS_SHOWN, CAUSES_SHOWN, EXAMPLES_SHOWN] = [20, 3, 4];
// What the ends of an effect are called where they are no 95 % interval.
const ENDS = { outlier: 'range' };
const HOW =
  'Compared with the other clips of the same labels: medians (means or shares where these say nothing), histograms (filled: these clips), and the difference in standard deviations, from −3 to +3, with its 95 % interval.';

export async function insights({ run, params }) {
  const title = element('h1', { tabindex: -1 }, 'Insights');
  if (!run.cards.length)
    return [
      title,
      element(
        'div',
        { class: 'panel' },
        empty(
          'No insights',
          'No group of clips stood out after correcting for the number of groups looked at. Without clusters yet: materialize insights.',
        ),
      ),
    ];
  const choosers = FILTERS.map(([name, label]) => {
    const values = [...new Set(run.cards.map((card) => card[name]))].sort();
    return select(
      `filter-${name}`,
      label,
      [['', 'all'], ...values.map((value) => [value, words(value)])],
      params[name] ?? '',
      (value) => change({ [name]: value }, { step: true }),
    );
  });
  const splits = run.facts.splits.length
    ? select(
        'filter-split',
        'With clips of',
        [['', 'any split'], ...run.facts.splits.map((split) => [split, split])],
        params.split ?? '',
        (split) => change({ split }, { step: true }),
      )
    : null;
  const shown = run.cards.filter(
    (card) =>
      FILTERS.every(([name]) => !params[name] || card[name] === params[name]) &&
      (!params.split || touches(run, card, params.split)),
  );
  return [
    title,
    element(
      'div',
      { class: 'controls' },
      choosers,
      splits,
      element('span', { role: 'status' }, `${shown.length} of ${run.cards.length}`),
    ),
    shown.length
      ? grown('cards', shown, (card) => summaryCard(run, card), CARDS_SHOWN)
      : empty('No such insight', 'Choose another kind, class, population or split.'),
  ];
}

const touches = (run, card, split) => card.rows.some((row) => run.text('split', row) === split);

function summaryCard(run, card) {
  return element(
    'article',
    { class: 'card' },
    head(card),
    element('h2', {}, element('a', { href: to(['insight', card.key]) }, card.sentence)),
    figures(run, card),
    element('div', { class: 'card-body' }, causes(run, card, CAUSES_SHOWN), examples(run, card)),
    element(
      'div',
      { class: 'card-foot' },
      element('a', { href: to(['insight', card.key]) }, 'All of it'),
      element('a', { href: to(['space'], { insight: card.key }) }, 'In the latent space'),
    ),
  );
}

export function head(card) {
  const pair = card.other_class ? `${card.class_name} ↔ ${card.other_class}` : card.class_name;
  return element(
    'div',
    { class: 'card-head' },
    element('span', { class: 'place' }, `#${card.rank + 1}`),
    element('span', { class: 'badge' }, words(card.kind)),
    element('span', {}, pair),
    card.population !== 'all' ? element('span', {}, `· among ${words(card.population)}`) : null,
    card.found_by?.length ? element('span', {}, `· found by ${card.found_by.join(', ')}`) : null,
    element(
      'span',
      { class: 'severity' },
      'severity',
      bar(card.severity, number(card.severity)),
      number(card.severity),
    ),
  );
}

export function figures(run, card) {
  const figure = (name, value, more) =>
    element(
      'div',
      {},
      element('span', {}, name),
      element('b', {}, value),
      more ? element('span', { class: 'faint' }, ` ${more}`) : null,
    );
  return element(
    'div',
    { class: 'figures' },
    figure('clips', number(card.size)),
    figure(words(card.effect_name), number(card.effect), ends(card)),
    figure('q-value', q(card.q_value)),
    card.accuracy === null
      ? null
      : figure(
          'accuracy inside',
          share(card.accuracy),
          run.facts.accuracy === null ? '' : `overall ${share(run.facts.accuracy)}`,
        ),
    card.mean_loss === null ? null : figure('mean loss inside', number(card.mean_loss)),
  );
}

function ends(card) {
  const between = interval(card.ci_low, card.ci_high);
  return between && `${ENDS[card.kind] ?? '95 % interval'} ${between}`;
}

// What sets the clips apart: value inside and outside, effect with interval, spread; on the
// insight's own page (`whole`) with how to read it and the weaker ones folded away.
export function causes(run, card, most, { whole = false } = {}) {
  const title = element('h3', {}, 'What sets these clips apart');
  if (!card.causes.length)
    return element(
      'div',
      {},
      title,
      element('p', { class: 'soft' }, 'No measured field differs reliably.'),
    );
  const list = (some) =>
    element(
      'div',
      { class: 'causes' },
      some.map((each) => causeRow(run, each)),
    );
  const [first, rest] = [card.causes.slice(0, most), card.causes.slice(most)];
  const more = rest.length ? `and ${rest.length} more` : null;
  return element(
    'div',
    {},
    title,
    list(first),
    more &&
      (whole
        ? element('details', {}, element('summary', {}, more), list(rest))
        : element('p', { class: 'note' }, more)),
    whole ? element('p', { class: 'note' }, HOW) : null,
  );
}

function causeRow(run, cause) {
  const field = run.fields.find((each) => each.name === cause.field);
  const hint = field ? `${field.description}${field.unit ? ` [${field.unit}]` : ''}` : cause.field;
  const unit = /^[^\d]/.test(field?.unit ?? '') ? ` ${field.unit}` : '';
  const sign = { higher: '▲', lower: '▼' }[cause.direction] ?? '■';
  return element(
    'div',
    { class: `cause${cause.relative_of ? ' relative' : ''}` },
    element(
      'div',
      { class: 'cause-name', title: hint },
      `${sign} ${words(cause.field)}`,
      cause.relative_of ? element('small', {}, ` goes with ${words(cause.relative_of)}`) : null,
    ),
    cause.spread ? spread(cause) : element('span', { class: 'spread' }),
    element(
      'div',
      { class: 'cause-values' },
      `${number(cause.value_inside)} inside, ${number(cause.value_outside)} outside${unit}`,
    ),
    effect(cause),
    element('div', { class: 'soft' }, `${number(cause.effect)} sd, q ${q(cause.q_value)}`),
  );
}

function examples(run, card) {
  const rows = card.examples.length ? card.examples.map((example) => example.row) : [...card.rows];
  return element(
    'div',
    {},
    element('h3', {}, 'Examples'),
    element(
      'div',
      { class: 'grid' },
      [...new Set(rows)].slice(0, EXAMPLES_SHOWN).map((row) => clipTile(run, row)),
    ),
  );
}
