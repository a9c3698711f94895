// How each clip's dot looks: its colour, its size and its mark, and what lies on top.

import { middleRange } from '../core/columns.js';
import { diverging, sequential, style } from '../parts/palette.js';
import { MARKS } from './dots.js';

const CROSS = MARKS.indexOf('cross');
const [FAINT, UNKNOWN, PLAIN, STRONG] = [0.16, 0.25, 0.85, 0.95];

const baseSize = (rows) => (rows > 50000 ? 3 : rows > 5000 ? 5 : rows > 1500 ? 6 : 8);

// Dots of clips before anything is told about them.
export class Looks {
  constructor(rows) {
    this.rows = rows;
    this.colour = new Uint8Array(4 * rows);
    this.size = new Float32Array(rows).fill(baseSize(rows));
    this.mark = new Float32Array(rows);
    this.layer = new Uint8Array(rows);
  }

  paint(row, [red, green, blue], opacity) {
    this.colour.set([red, green, blue, Math.round(255 * opacity)], 4 * row);
  }

  byGroup(groups) {
    for (const group of groups) {
      const [colour, mark] = [rgb(group.colour), MARKS.indexOf(group.mark)];
      for (const row of group.rows) {
        this.paint(row, colour, PLAIN);
        this.mark[row] = mark;
        if (group.hidden) this.size[row] = 0;
      }
    }
    return this;
  }

  // Colours along a scale of { low, high, stops }.
  byNumber(values, { low, high, stops }) {
    const colours = stops.map(([at, colour]) => [at, rgb(colour)]);
    const unknown = rgb(style('faint'));
    for (let row = 0; row < this.rows; row += 1) {
      if (Number.isFinite(values[row])) {
        this.paint(row, along(colours, (values[row] - low) / (high - low)), PLAIN);
        this.layer[row] = 1;
      } else this.paint(row, unknown, UNKNOWN);
    }
    return this;
  }

  // A cross for each wrong prediction.
  cross(run) {
    for (let row = 0; row < this.rows; row += 1) {
      if (run.correct(row) !== false) continue;
      this.mark[row] = CROSS;
      this.layer[row] = 2;
    }
    return this;
  }

  // Areas that grow with the loss.
  sizeBy(loss) {
    const [, high] = middleRange(loss);
    for (let row = 0; row < this.rows; row += 1) {
      const part = Number.isFinite(loss[row])
        ? Math.min(1, Math.max(0, loss[row]) / Math.max(high, 1e-6))
        : 0;
      this.size[row] *= 0.6 + 1.9 * Math.sqrt(part);
    }
    return this;
  }

  // What is not among some rows becomes faint and lies beneath.
  stress(members) {
    for (let row = 0; row < this.rows; row += 1) {
      const within = members.has(row);
      this.colour[4 * row + 3] = Math.round(255 * (within ? STRONG : FAINT));
      if (within) this.layer[row] += 3;
    }
    return this;
  }

  // Rows in drawing order: by layer, else in an order that favours no class.
  order() {
    const spread = spreadOut(this.rows);
    const out = new Uint32Array(this.rows);
    let next = 0;
    for (let layer = 0; layer <= Math.max(0, ...new Set(this.layer)); layer += 1) {
      for (const row of spread) {
        if (this.layer[row] !== layer) continue;
        out[next] = row;
        next += 1;
      }
    }
    return out;
  }
}

// All rows once, in strides of a golden section, so that neighbours in the table come far apart.
function spreadOut(rows) {
  let stride = Math.max(1, Math.round(0.618 * rows));
  const divisor = (a, b) => (b ? divisor(b, a % b) : a);
  while (rows > 1 && divisor(stride, rows) > 1) stride += 1;
  return Uint32Array.from({ length: rows }, (_, at) => (at * stride) % rows);
}

// The scale of a number: its ends are the middle 96 %, so that one outlier does not flatten it.
export function scaleOf(values, isDiverging) {
  const [low, high] = middleRange(values);
  const reach = Math.max(Math.abs(low), Math.abs(high));
  return isDiverging
    ? { low: -reach, high: reach, stops: diverging() }
    : { low, high, stops: sequential() };
}

const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function along(stops, share) {
  const at = Math.min(1, Math.max(0, share));
  const above = stops.findIndex(([place], index) => index && place >= at);
  const [[from, first], [to, second]] = [stops[above - 1], stops[above]];
  return first.map((value, part) =>
    Math.round(value + ((second[part] - value) * (at - from)) / (to - from)),
  );
}
