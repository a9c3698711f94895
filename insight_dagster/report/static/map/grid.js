// Rows in square cells, to find the one nearest to a point without looking at all of them.

import { isPlaced } from './geometry.js';

/** @import { Numbers } from '../core/data.js' */
/** @import { Extent, Point } from './geometry.js' */

const PER_CELL = 4;

export class Grid {
  /**
   * @param {Numbers} x
   * @param {Numbers} y
   * @param {Extent} extent of both
   */
  constructor(x, y, extent) {
    this.x = x;
    this.y = y;
    const half = Math.max(...extent.half);
    this.side = Math.max(1, Math.ceil(Math.sqrt(x.length / PER_CELL)));
    this.cell = (2 * half) / this.side;
    this.corner = [extent.x - half, extent.y - half];
    const cells = Int32Array.from(x, (_, row) => this.cellOf(row));
    this.starts = this.countedStarts(cells);
    this.rows = new Int32Array(this.starts[this.side ** 2]);
    const next = this.starts.slice();
    cells.forEach((cell, row) => {
      if (cell < 0) return;
      this.rows[next[cell]] = row;
      next[cell] += 1;
    });
  }

  /**
   * Return the cell of a row, -1 for one without a place.
   * @param {number} row
   */
  cellOf(row) {
    if (!isPlaced(this.x, this.y, row)) return -1;
    return this.across(this.x[row], 0) + this.side * this.across(this.y[row], 1);
  }

  /**
   * Return where the rows of each cell begin in a list by cell.
   * @param {Int32Array} cells
   */
  countedStarts(cells) {
    const starts = new Int32Array(this.side ** 2 + 1);
    for (const cell of cells) if (cell >= 0) starts[cell + 1] += 1;
    for (let cell = 0; cell < this.side ** 2; cell += 1) starts[cell + 1] += starts[cell];
    return starts;
  }

  /**
   * @param {number} value
   * @param {0 | 1} axis
   */
  across(value, axis) {
    const cell = Math.floor((value - this.corner[axis]) / this.cell);
    return Math.max(0, Math.min(this.side - 1, cell));
  }

  /**
   * Return the accepted row nearest to a point, or null.
   * @param {Point} point
   * @param {number} reach how far it may be away
   * @param {(row: number) => boolean} accept
   */
  nearest([x, y], reach, accept) {
    /** @type {number | null} */
    let best = null;
    let least = reach;
    for (let up = this.across(y - reach, 1); up <= this.across(y + reach, 1); up += 1) {
      for (let right = this.across(x - reach, 0); right <= this.across(x + reach, 0); right += 1) {
        const cell = right + this.side * up;
        for (const row of this.rows.subarray(this.starts[cell], this.starts[cell + 1])) {
          const away = Math.hypot(this.x[row] - x, this.y[row] - y);
          if (away <= least && accept(row)) [best, least] = [row, away];
        }
      }
    }
    return best;
  }
}
