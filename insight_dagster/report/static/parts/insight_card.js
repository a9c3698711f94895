// The parts of an insight that the list and the insight's own page share: heading, figures, causes.

import { bar, element, empty } from '../core/dom.js';
import { describe, interval, number, pValue, share, unitSuffix, words } from '../core/format.js';
import { effectInterval, histograms } from './charts.js';

/** @import { Card, Cause } from '../core/insight_data.js' */
/** @import { Run } from '../core/run.js' */

// What the interval of an effect is, for kinds where it is not a 95 % interval.
/** @type {Record<string, string>} */
const ENDS = { outlier: 'range' };
const HOW_TO_READ =
  'Compared with the other clips with the same labels: medians (means or shares where medians do not differ), histograms (filled: these clips), and the difference in standard deviations, from −3 to +3, with its 95 % interval.';

/** Return what stands in the place of insights where there are none. */
export const noInsights = () =>
  empty(
    'No insights',
    'No group of clips stands out after correction for the number of groups tested. If there are no clusters yet, materialize insights.',
  );

/**
 * Return the line over an insight: place, kind, class, population and severity.
 * @param {Card} card
 */
export function cardHead(card) {
  const pair = card.other_class ? `${card.class_name} ↔ ${card.other_class}` : card.class_name;
  return element(
    'div',
    { class: 'card-head' },
    element('span', { class: 'place' }, `#${card.rank + 1}`),
    element('span', { class: 'badge' }, words(card.kind)),
    element('span', {}, pair),
    card.population !== 'all' && element('span', {}, `· among ${words(card.population)}`),
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

/**
 * Return the figures of an insight.
 * @param {Run} run
 * @param {Card} card
 */
export function figures(run, card) {
  const overall = run.facts.accuracy;
  const compared = overall === null ? '' : `overall ${share(overall)}`;
  return element(
    'div',
    { class: 'figures' },
    figure('clips', number(card.size)),
    figure(words(card.effect_name), number(card.effect), ends(card)),
    figure('q-value', pValue(card.q_value)),
    card.accuracy !== null && figure('accuracy inside', share(card.accuracy), compared),
    card.mean_loss !== null && figure('mean loss inside', number(card.mean_loss)),
  );
}

/**
 * @param {string} name
 * @param {string} value
 * @param {string} [more]
 */
const figure = (name, value, more) =>
  element(
    'div',
    {},
    element('span', {}, name),
    element('b', {}, value),
    more ? element('span', { class: 'faint' }, ` ${more}`) : null,
  );

/** @param {Card} card */
function ends(card) {
  const between = interval(card.ci_low, card.ci_high);
  return between && `${ENDS[card.kind] ?? '95 % interval'} ${between}`;
}

/**
 * Return the causes of an insight: values inside and outside, histograms, effects.
 * @param {Run} run
 * @param {Card} card
 * @param {number} most how many are shown at once
 * @param {{ whole?: boolean }} options whole: with the others folded away and how to read them
 */
export function causes(run, card, most, { whole = false } = {}) {
  const title = element('h3', {}, 'What sets these clips apart');
  if (!card.causes.length) {
    const none = element('p', { class: 'soft' }, 'No measured field differs reliably.');
    return element('div', {}, title, none);
  }
  const list = (/** @type {Cause[]} */ some) =>
    element(
      'div',
      { class: 'causes' },
      some.map((each) => causeRow(run, each)),
    );
  const rest = card.causes.slice(most);
  const more = `and ${rest.length} more`;
  const folded = () => element('details', {}, element('summary', {}, more), list(rest));
  return element(
    'div',
    {},
    title,
    list(card.causes.slice(0, most)),
    rest.length > 0 && (whole ? folded() : element('p', { class: 'note' }, more)),
    whole && element('p', { class: 'note' }, HOW_TO_READ),
  );
}

/**
 * @param {Run} run
 * @param {Cause} cause
 */
function causeRow(run, cause) {
  const field = run.fields.find((each) => each.name === cause.field);
  const sign = cause.direction === 'higher' ? '▲' : cause.direction === 'lower' ? '▼' : '■';
  const values = `${number(cause.value_inside)} inside, ${number(cause.value_outside)} outside`;
  const related = ` related to ${words(cause.relative_of ?? '')}`;
  return element(
    'div',
    { class: `cause${cause.relative_of ? ' relative' : ''}` },
    element(
      'div',
      { class: 'cause-name', title: field ? describe(field) : cause.field },
      `${sign} ${words(cause.field)}`,
      cause.relative_of && element('small', {}, related),
    ),
    cause.spread ? histograms(cause, cause.spread) : element('span', { class: 'histograms' }),
    element('div', { class: 'cause-values' }, values, unitSuffix(field?.unit)),
    effectInterval(cause),
    element('div', { class: 'soft' }, `${number(cause.effect)} sd, q ${pValue(cause.q_value)}`),
  );
}
