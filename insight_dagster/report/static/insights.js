// The ranked insights: what was found, how sure it is, what sets its clips apart.

import { effect, spread } from './charts.js';
import { bar, element, empty, grown, select } from './dom.js';
import { interval, number, q, share, words } from './format.js';
import { change, to } from './router.js';
import { clipTile } from './thumbs.js';

const FILTERS = [['kind', 'Kind'], ['class_name', 'Class'], ['population', 'Population']];
const [CARDS_SHOWN, CAUSES_SHOWN, EXAMPLES_SHOWN] = [20, 3, 4];
// What the ends of an effect are called where they are no 95 % interval.
const ENDS = { outlier: 'range' };
const HOW = 'Compared with the other clips of the same labels: medians (means or shares where these say nothing), histograms (filled: these clips), and the difference in standard deviations, from −3 to +3, with its 95 % interval.';

export async function insights({ run, params }) {
  const title = element('h1', { tabindex: -1 }, 'Insights');
  if (!run.cards.length) return [title, element('div', { class: 'panel' }, empty('No insights', 'No group of clips stood out after correcting for the number of groups looked at. Without clusters yet: materialize insights.'))];
  const choosers = FILTERS.map(([name, label]) => {
    const values = [...new Set(run.cards.map((card) => card[name]))].sort();
    return select(`filter-${name}`, label, [['', 'all'], ...values.map((value) => [value, words(value)])], params[name] ?? '', (value) => change({ [name]: value }, { step: true }));
  });
  const splits = run.facts.splits.length ? select('filter-split', 'With clips of', [['', 'any split'], ...run.facts.splits.map((split) => [split, split])], params.split ?? '', (split) => change({ split }, { step: true })) : null;
  const shown = run.cards.filter((card) => FILTERS.every(([name]) => !params[name] || card[name] === params[name]) && (!params.split || touches(run, card, params.split)));
  return [
    title,
    element('div', { class: 'controls' }, choosers, splits, element('span', { role: 'status' }, `${shown.length} of ${run.cards.length}`)),
    shown.length ? grown('cards', shown, (card) => summaryCard(run, card), CARDS_SHOWN) : empty('No such insight', 'Choose another kind, class, population or split.'),
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
    element('div', { class: 'card-foot' }, element('a', { href: to(['insight', card.key]) }, 'All of it'), element('a', { href: to(['space'], { insight: card.key }) }, 'In the latent space'))
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
    element('span', { class: 'severity' }, 'severity', bar(card.severity, number(card.severity)), number(card.severity))
  );
}

export function figures(run, card) {
  const figure = (name, value, more) => element('div', {}, element('span', {}, name), element('b', {}, value), more ? element('span', { class: 'faint' }, ` ${more}`) : null);
  return element(
    'div',
    { class: 'figures' },
    figure('clips', number(card.size)),
    figure(words(card.effect_name), number(card.effect), ends(card)),
    figure('q-value', q(card.q_value)),
    card.accuracy === null ? null : figure('accuracy inside', share(card.accuracy), run.facts.accuracy === null ? '' : `overall ${share(run.facts.accuracy)}`),
    card.mean_loss === null ? null : figure('mean loss inside', number(card.mean_loss))
  );
}

function ends(card) {
  const between = interval(card.ci_low, card.ci_high);
  return between && `${ENDS[card.kind] ?? '95 % interval'} ${between}`;
}

// What sets the clips apart: value inside and outside, effect with interval, spread.
export function causes(run, card, most = Infinity) {
  const title = element('h3', {}, 'What sets these clips apart');
  if (!card.causes.length) return element('div', {}, title, element('p', { class: 'soft' }, 'No measured field differs reliably.'));
  const parts = card.causes.slice(0, most).map((cause) => {
    const field = run.fields.find((each) => each.name === cause.field);
    const hint = field ? `${field.description}${field.unit ? ` [${field.unit}]` : ''}` : cause.field;
    const sign = { higher: '▲', lower: '▼' }[cause.direction] ?? '■';
    return element(
      'div',
      { class: `cause${cause.relative_of ? ' relative' : ''}` },
      element('div', { class: 'cause-name', title: hint }, `${sign} ${words(cause.field)}`, cause.relative_of ? element('small', {}, ` goes with ${words(cause.relative_of)}`) : null),
      cause.spread ? spread(cause) : element('span', { class: 'spread' }),
      element('div', { class: 'cause-values' }, `${number(cause.value_inside)} inside, ${number(cause.value_outside)} outside${/^[^\d]/.test(field?.unit ?? '') ? ` ${field.unit}` : ''}`),
      effect(cause),
      element('div', { class: 'soft' }, `${number(cause.effect)} sd, q ${q(cause.q_value)}`)
    );
  });
  const left = card.causes.length - parts.length;
  return element('div', {}, title, element('div', { class: 'causes' }, parts), most === Infinity ? element('p', { class: 'note' }, HOW) : null, left > 0 ? element('p', { class: 'note' }, `and ${left} more`) : null);
}

function examples(run, card) {
  const rows = card.examples.length ? card.examples.map((example) => example.row) : [...card.rows];
  return element('div', {}, element('h3', {}, 'Examples'), element('div', { class: 'grid' }, [...new Set(rows)].slice(0, EXAMPLES_SHOWN).map((row) => clipTile(run, row))));
}
