// Small charts drawn as SVG.

import { element } from '../core/dom.js';
import { interval, number } from '../core/format.js';

/** @import { Cause } from '../core/insight_data.js' */

const [WIDTH, HEIGHT] = [180, 44];

/**
 * Return the histograms of a field inside a group (filled) and outside (line).
 * @param {Cause} cause
 * @param {NonNullable<Cause['spread']>} spread its histograms
 */
export function histograms(cause, { inside, outside, low, high }) {
  const most = Math.max(...inside, ...outside, 1e-9);
  const step = WIDTH / inside.length;
  /** @param {number[]} shares */
  const path = (shares) => {
    const points = shares.flatMap((share, at) => {
      const y = (HEIGHT - (share / most) * (HEIGHT - 3)).toFixed(1);
      return [`${(at * step).toFixed(1)},${y}`, `${((at + 1) * step).toFixed(1)},${y}`];
    });
    return `M0,${HEIGHT} L${points.join(' L')} L${WIDTH},${HEIGHT}`;
  };
  const values = `inside ${number(cause.value_inside)}, outside ${number(cause.value_outside)}`;
  const label = `${cause.field}: ${values}; shown from ${number(low)} to ${number(high)}`;
  return element(
    'svg',
    {
      class: 'histograms',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: 'img',
      'aria-label': label,
    },
    element('path', { class: 'inside', d: path(inside) }),
    element('path', { class: 'outside', d: path(outside) }),
  );
}

const REACH = 3; // standard deviations at the ends of the axis of an effect

/**
 * Return an effect with its interval on an axis around 0 that is the same for all effects; an arrow
 * where the effect is beyond it.
 * @param {Cause} cause
 */
export function effectInterval(cause) {
  /** @param {number} value */
  const at = (value) => 68 + (58 * Math.max(-REACH, Math.min(REACH, value))) / REACH;
  const beyond = Math.abs(cause.effect) > REACH;
  const [tip, back] = cause.effect > 0 ? [134, 127] : [2, 9];
  const [low, high] = [cause.ci_low ?? cause.effect, cause.ci_high ?? cause.effect];
  const label = `${number(cause.effect)}, 95 % interval ${interval(cause.ci_low, cause.ci_high)}`;
  return element(
    'svg',
    { class: 'interval', viewBox: '0 0 136 16', role: 'img', 'aria-label': label },
    element('line', { class: 'axis', x1: 68, x2: 68, y1: 1, y2: 15 }),
    element('line', { class: 'range', x1: at(low), x2: at(high), y1: 8, y2: 8 }),
    beyond
      ? element('path', { class: 'point', d: `M${tip},8L${back},3.5V12.5Z` })
      : element('circle', { class: 'point', cx: at(cause.effect), cy: 8, r: 3.6 }),
  );
}

/**
 * Return a line of sizes over runs.
 * @param {number[]} sizes oldest first
 */
export function sizeLine(sizes) {
  const most = Math.max(1, ...sizes);
  const width = Math.max(1, sizes.length - 1);
  const points = sizes.map((size, at) => [6 + (120 * at) / width, 34 - (28 * size) / most]);
  const places = points.map((point) => point.map((value) => value.toFixed(1)).join(','));
  return element(
    'svg',
    {
      class: 'past',
      viewBox: '0 0 132 40',
      role: 'img',
      'aria-label': `Clips over ${sizes.length} runs: ${sizes.join(', ')}`,
    },
    element('path', { class: 'range', d: `M${places.join(' L')}` }),
    points.map(([x, y]) => element('circle', { class: 'point', cx: x, cy: y, r: 2.6 })),
  );
}
