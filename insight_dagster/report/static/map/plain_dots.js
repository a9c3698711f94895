// Dots one by one on a plain canvas, for browsers without WebGL.

import { BUDGET, FEW } from './dots.js';

/** @import { CameraPosition, Dots } from './dots.js' */

/** @typedef {[x: number, y: number]} Point */

// Shapes of a radius around the origin, in the order of `MARKS`.
/** @type {((paint: CanvasRenderingContext2D, r: number) => void)[]} */
const SHAPES = [
  (paint, r) => paint.arc(0, 0, r, 0, 2 * Math.PI),
  (paint, r) => paint.rect(-0.88 * r, -0.88 * r, 1.76 * r, 1.76 * r),
  (paint, r) =>
    polygon(paint, [
      [0, -1.25 * r],
      [1.25 * r, 0],
      [0, 1.25 * r],
      [-1.25 * r, 0],
    ]),
  (paint, r) =>
    polygon(paint, [
      [0, -r],
      [r, 0.62 * r],
      [-r, 0.62 * r],
    ]),
  (paint, r) => {
    const wide = 0.3 * r;
    for (const turn of [1, -1]) {
      polygon(paint, [
        [-r - wide, turn * (-r + wide)],
        [-r + wide, turn * (-r - wide)],
        [r + wide, turn * (r - wide)],
        [r - wide, turn * (r + wide)],
      ]);
    }
  },
];

/**
 * @param {CanvasRenderingContext2D} paint
 * @param {Point[]} corners
 */
function polygon(paint, [first, ...others]) {
  paint.moveTo(...first);
  for (const corner of others) paint.lineTo(...corner);
  paint.closePath();
}

export class PlainDots {
  /** @param {CanvasRenderingContext2D} paint */
  constructor(paint) {
    this.paint = paint;
    /** @type {Dots | null} */
    this.dots = null;
    /** Of how many dots one is drawn while the map moves. */
    this.stride = 1;
  }

  /** @param {Dots} dots */
  fill(dots) {
    this.dots = dots;
    this.stride = 1;
  }

  /**
   * @param {CameraPosition} camera
   * @param {number} ratio
   * @param {boolean} moving
   */
  draw(camera, ratio, moving) {
    const { paint, dots } = this;
    if (!dots) return;
    const start = performance.now();
    const { width, height } = paint.canvas;
    paint.setTransform(1, 0, 0, 1, 0, 0);
    paint.clearRect(0, 0, width, height);
    for (let at = 0; at < dots.size.length; at += moving ? this.stride : 1) {
      if (!dots.size[at] || !Number.isFinite(dots.place[2 * at])) continue;
      const across = (dots.place[2 * at] - camera.x) * camera.scale + width / ratio / 2;
      const down = height / ratio / 2 - (dots.place[2 * at + 1] - camera.y) * camera.scale;
      paint.setTransform(ratio, 0, 0, ratio, across * ratio, down * ratio);
      drawDot(paint, dots, at);
    }
    if (!moving && dots.size.length > FEW) {
      this.stride = Math.max(1, Math.ceil((performance.now() - start) / BUDGET));
    }
  }

  close() {}
}

/**
 * @param {CanvasRenderingContext2D} paint
 * @param {Dots} dots
 * @param {number} at
 */
function drawDot(paint, dots, at) {
  const [red, green, blue, alpha] = dots.colour.subarray(4 * at, 4 * at + 4);
  paint.fillStyle = `rgb(${red} ${green} ${blue} / ${alpha / 255})`;
  paint.beginPath();
  SHAPES[dots.mark[at]](paint, dots.size[at] / 2);
  paint.fill();
}
