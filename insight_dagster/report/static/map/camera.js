// The camera of the map: which part of the data is seen, and how places become pixels.

/** @import { CameraPosition } from './dots.js' */
/** @import { Extent, Point } from './geometry.js' */

const MARGIN = 0.94; // of the plot that the data fill when all are shown
const [FARTHEST, NEAREST] = [1 / 4, 1e5]; // scales, in multiples of the one that shows all

export class Camera {
  /** @param {HTMLElement} plot */
  constructor(plot) {
    this.plot = plot;
    /** @type {CameraPosition} */
    this.position = { x: 0, y: 0, scale: 1 };
    this.whole = 1;
    /** Whether the user moved it since all was shown. */
    this.moved = false;
  }

  /**
   * Show everything.
   * @param {Extent} extent
   */
  fit({ x, y, half }) {
    const [width, height] = [this.plot.clientWidth || 1, this.plot.clientHeight || 1];
    this.whole = MARGIN * Math.min(width / (2 * half[0]), height / (2 * half[1]));
    this.position = { x, y, scale: this.whole };
    this.moved = false;
  }

  /**
   * Zoom around a point of the plot, its middle by default.
   * @param {number} factor
   * @param {Point} [at] pixels
   */
  zoom(factor, at = [this.plot.clientWidth / 2, this.plot.clientHeight / 2]) {
    const [x, y] = this.placeAt(at);
    const { position, whole } = this;
    const scale = Math.min(NEAREST * whole, Math.max(FARTHEST * whole, position.scale * factor));
    const kept = position.scale / scale;
    this.go({ x: x + (position.x - x) * kept, y: y + (position.y - y) * kept, scale });
  }

  /**
   * Move what is seen, in pixels.
   * @param {number} right
   * @param {number} down
   */
  pan(right, down) {
    const { x, y, scale } = this.position;
    this.go({ x: x - right / scale, y: y + down / scale, scale });
  }

  /** @param {CameraPosition} position */
  go(position) {
    this.position = position;
    this.moved = true;
  }

  /**
   * Return the place in the data of a point of the plot.
   * @param {Point} pixels
   * @returns {Point}
   */
  placeAt([right, down]) {
    const { x, y, scale } = this.position;
    const { clientWidth, clientHeight } = this.plot;
    return [x + (right - clientWidth / 2) / scale, y - (down - clientHeight / 2) / scale];
  }

  /**
   * Return the point of the plot of a place in the data.
   * @param {Point} place
   * @returns {Point}
   */
  pixelsOf([x, y]) {
    const { position, plot } = this;
    return [
      (x - position.x) * position.scale + plot.clientWidth / 2,
      plot.clientHeight / 2 - (y - position.y) * position.scale,
    ];
  }
}
