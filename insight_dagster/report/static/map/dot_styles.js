// How each clip's dot looks: its colour, its size and its mark, and what lies on top.

import { middleRange } from '../core/statistics.js';
import { diverging, sequential, styleColour } from '../parts/palette.js';
import { MARKS } from './dots.js';

/** @import { Numbers } from '../core/data.js' */
/** @import { Run } from '../core/run.js' */
/** @import { ColourStop } from '../parts/palette.js' */
/** @import { Group } from './colouring.js' */

/** @typedef {{ low: number, high: number, stops: ColourStop[] }} Scale */
/** @typedef {[red: number, green: number, blue: number]} Rgb */

const CROSS = MARKS.indexOf('cross');
const OPACITY = { faint: 0.16, unknown: 0.25, plain: 0.85, strong: 0.95 };

/** @param {number} rows */
const baseSize = (rows) => (rows > 50000 ? 3 : rows > 5000 ? 5 : rows > 1500 ? 6 : 8);

/** Styles of the dots of all clips; at first all alike. */
export class DotStyles {
  /** @param {number} rows */
  constructor(rows) {
    this.rows = rows;
    this.colour = new Uint8Array(4 * rows);
    this.size = new Float32Array(rows).fill(baseSize(rows));
    this.mark = new Float32Array(rows);
    this.layer = new Uint8Array(rows);
  }

  /**
   * @param {number} row
   * @param {Rgb} colour
   * @param {number} opacity
   */
  paint(row, [red, green, blue], opacity) {
    this.colour.set([red, green, blue, Math.round(255 * opacity)], 4 * row);
  }

  /**
   * Give each group its colour and mark.
   * @param {(Group & { hidden: boolean })[]} groups
   */
  byGroup(groups) {
    for (const group of groups) {
      const [colour, mark] = [rgb(group.colour), MARKS.indexOf(group.mark)];
      for (const row of group.rows) {
        this.paint(row, colour, OPACITY.plain);
        this.mark[row] = mark;
        if (group.hidden) this.size[row] = 0;
      }
    }
    return this;
  }

  /**
   * Colour by a number.
   * @param {Numbers} values
   * @param {Scale} scale
   */
  byNumber(values, { low, high, stops }) {
    const colours = stops.map(([at, colour]) => /** @type {[number, Rgb]} */ ([at, rgb(colour)]));
    const unknown = rgb(styleColour('faint'));
    for (let row = 0; row < this.rows; row += 1) {
      if (Number.isFinite(values[row])) {
        this.paint(row, along(colours, (values[row] - low) / (high - low)), OPACITY.plain);
        this.layer[row] = 1;
      } else this.paint(row, unknown, OPACITY.unknown);
    }
    return this;
  }

  /**
   * Make crosses of wrong predictions.
   * @param {Run} run
   */
  crossWrong(run) {
    for (let row = 0; row < this.rows; row += 1) {
      if (run.correct(row) !== false) continue;
      this.mark[row] = CROSS;
      this.layer[row] = 2;
    }
    return this;
  }

  /**
   * Make the areas of dots grow with the loss.
   * @param {Numbers} loss
   */
  sizeBy(loss) {
    const [, high] = middleRange(loss);
    for (let row = 0; row < this.rows; row += 1) {
      const part = Math.max(0, loss[row]) / Math.max(high, 1e-6);
      this.size[row] *= 0.6 + 1.9 * Math.sqrt(Number.isFinite(loss[row]) ? Math.min(1, part) : 0);
    }
    return this;
  }

  /**
   * Bring some rows to the top and make the others faint.
   * @param {Set<number>} members
   */
  emphasize(members) {
    for (let row = 0; row < this.rows; row += 1) {
      const opacity = members.has(row) ? OPACITY.strong : OPACITY.faint;
      this.colour[4 * row + 3] = Math.round(255 * opacity);
      if (members.has(row)) this.layer[row] += 3;
    }
    return this;
  }

  /** Return rows in drawing order: by layer, and in a layer in an order that favours no class. */
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

/**
 * Return all rows in strides of the golden ratio: neighbours in the table are drawn far apart.
 * @param {number} rows
 */
function spreadOut(rows) {
  let stride = Math.max(1, Math.round(0.618 * rows));
  /** @type {(a: number, b: number) => number} */
  const divisor = (a, b) => (b ? divisor(b, a % b) : a);
  while (rows > 1 && divisor(stride, rows) > 1) stride += 1;
  return Uint32Array.from({ length: rows }, (_, at) => (at * stride) % rows);
}

/**
 * Return the colour scale of a number.
 * @param {Numbers} values
 * @param {boolean} isDiverging whether the scale has its middle at 0
 * @returns {Scale}
 */
export function scaleOf(values, isDiverging) {
  const [low, high] = middleRange(values);
  const reach = Math.max(Math.abs(low), Math.abs(high));
  return isDiverging
    ? { low: -reach, high: reach, stops: diverging() }
    : { low, high, stops: sequential() };
}

/**
 * @param {string} hex
 * @returns {Rgb}
 */
const rgb = (hex) => {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return [red, green, blue];
};

/**
 * Return the colour at a share of a scale.
 * @param {[at: number, colour: Rgb][]} stops
 * @param {number} share
 * @returns {Rgb}
 */
function along(stops, share) {
  const at = Math.min(1, Math.max(0, share));
  const above = stops.findIndex(([place], index) => index && place >= at);
  const [[from, first], [to, second]] = [stops[above - 1], stops[above]];
  const mixed = (/** @type {0 | 1 | 2} */ part) =>
    Math.round(first[part] + ((second[part] - first[part]) * (at - from)) / (to - from));
  return [mixed(0), mixed(1), mixed(2)];
}
