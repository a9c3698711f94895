// Small charts drawn as SVG: a spread inside and outside a group, an interval, a line over time.

import { element } from '../core/dom.js';
import { interval, number } from '../core/format.js';

const [WIDTH, HEIGHT] = [180, 44];

// Histograms of a field inside a group (filled) and outside (outline).
export function spread(cause) {
  const { inside, outside, low, high } = cause.spread;
  const most = Math.max(...inside, ...outside, 1e-9);
  const step = WIDTH / inside.length;
  const path = (shares) => {
    const points = shares.flatMap((share, at) => {
      const y = (HEIGHT - (share / most) * (HEIGHT - 3)).toFixed(1);
      return [`${(at * step).toFixed(1)},${y}`, `${((at + 1) * step).toFixed(1)},${y}`];
    });
    return `M0,${HEIGHT} L${points.join(' L')} L${WIDTH},${HEIGHT}`;
  };
  const title = `${cause.field}: inside ${number(cause.value_inside)}, outside ${number(cause.value_outside)}; shown from ${number(low)} to ${number(high)}`;
  return element(
    'svg',
    { class: 'spread', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': title },
    element('path', { class: 'inside', d: path(inside) }),
    element('path', { class: 'outside', d: path(outside) }),
  );
}

const REACH = 3; // standard deviations that half the axis of an effect stands for

// An effect with its interval around zero, the same axis everywhere; an arrow where it goes on.
export function effect(cause) {
  const at = (value) => 68 + (58 * Math.max(-REACH, Math.min(REACH, value))) / REACH;
  const beyond = Math.abs(cause.effect) > REACH;
  const tip = cause.effect > 0 ? 134 : 2;
  const back = cause.effect > 0 ? 127 : 9;
  const title = `${number(cause.effect)}, 95 % interval ${interval(cause.ci_low, cause.ci_high)}`;
  return element(
    'svg',
    { class: 'interval', viewBox: '0 0 136 16', role: 'img', 'aria-label': title },
    element('line', { class: 'axis', x1: 68, x2: 68, y1: 1, y2: 15 }),
    element('line', {
      class: 'range',
      x1: at(cause.ci_low ?? cause.effect),
      x2: at(cause.ci_high ?? cause.effect),
      y1: 8,
      y2: 8,
    }),
    beyond
      ? element('path', { class: 'point', d: `M${tip},8L${back},3.5V12.5Z` })
      : element('circle', { class: 'point', cx: at(cause.effect), cy: 8, r: 3.6 }),
  );
}

// Sizes over runs, oldest first.
export function past(rows) {
  const most = Math.max(1, ...rows.map((row) => row.size));
  const width = Math.max(1, rows.length - 1);
  const points = rows.map((row, at) => [6 + (120 * at) / width, 34 - (28 * row.size) / most]);
  return element(
    'svg',
    {
      class: 'past',
      viewBox: '0 0 132 40',
      role: 'img',
      'aria-label': `Clips over ${rows.length} runs: ${rows.map((row) => row.size).join(', ')}`,
    },
    element('path', {
      class: 'range',
      d: `M${points.map((point) => point.map((value) => value.toFixed(1)).join(',')).join(' L')}`,
    }),
    points.map(([x, y]) => element('circle', { class: 'point', cx: x, cy: y, r: 2.6 })),
  );
}
