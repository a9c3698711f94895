// What pointers, the wheel and keys do on the map.

import { ZOOM_STEP } from './toolbar.js';

/** @import { Point } from './geometry.js' */
/** @import { Scatter } from './scatter.js' */

/**
 * Pointers that are down: whether they move the map, are still where they began, and where that is.
 * @typedef {{ moving: boolean, still: boolean, from: Point }} Drag
 */

const STILL = 4; // pixels that a pointer may move in a click
const KEY_STEP = 40; // pixels

/** @type {Record<string, (map: Scatter) => void>} */
const KEYS = {
  ArrowLeft: (map) => map.pan(KEY_STEP, 0),
  ArrowRight: (map) => map.pan(-KEY_STEP, 0),
  ArrowUp: (map) => map.pan(0, KEY_STEP),
  ArrowDown: (map) => map.pan(0, -KEY_STEP),
  '+': (map) => map.zoom(ZOOM_STEP),
  '=': (map) => map.zoom(ZOOM_STEP),
  '-': (map) => map.zoom(1 / ZOOM_STEP),
  0: (map) => map.fit(),
  Escape: (map) => map.select(null),
};

export class Gestures {
  /** @param {Scatter} map */
  constructor(map) {
    this.map = map;
    /** @type {Map<number, Point>} where each pointer is that is down */
    this.pointers = new Map();
    /** @type {Drag} */
    this.drag = { moving: false, still: true, from: [0, 0] };
    const { canvas } = map;
    canvas.addEventListener('pointerdown', (event) => this.press(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    canvas.addEventListener('pointerup', (event) => this.release(event));
    canvas.addEventListener('pointercancel', (event) => this.drop(event));
    canvas.addEventListener('pointerleave', () => map.point(null));
    canvas.addEventListener('dblclick', () => map.fit());
    canvas.addEventListener('keydown', (event) => this.key(event));
    canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    this.map.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), pixelsOf(event));
  }

  /** @param {PointerEvent} event */
  press(event) {
    const { map } = this;
    if (event.button > 1 || !map.scene) return;
    const from = pixelsOf(event);
    map.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, from);
    if (this.pointers.size > 1) {
      map.stroke = null;
      this.drag = { moving: true, still: false, from };
      return;
    }
    const moving = event.button === 1 || (map.tool === 'pan') !== event.shiftKey;
    this.drag = { moving, still: true, from };
    if (!moving) map.stroke = [map.camera.placeAt(from)];
  }

  /** @param {PointerEvent} event */
  move(event) {
    const { map } = this;
    const at = pixelsOf(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== 'touch' && map.scene) map.point(map.rowAt(at), event);
      return;
    }
    const { from, still, moving } = this.drag;
    if (still && Math.hypot(at[0] - from[0], at[1] - from[1]) < STILL) return;
    this.drag.still = false;
    map.point(null);
    if (this.pointers.size > 1) this.pinch(event.pointerId, before, at);
    else if (moving) map.pan(at[0] - before[0], at[1] - before[1]);
    else this.trace(at);
    this.pointers.set(event.pointerId, at);
  }

  /**
   * Move and zoom the map with two fingers.
   * @param {number} id of the finger that moves
   * @param {Point} before where it was
   * @param {Point} at where it is
   */
  pinch(id, before, at) {
    const [, other] = [...this.pointers].find(([each]) => each !== id) ?? [id, at];
    /** @type {(a: Point, b: Point) => number} */
    const distance = (a, b) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));
    this.map.pan((at[0] - before[0]) / 2, (at[1] - before[1]) / 2);
    this.map.zoom(distance(at, other) / distance(before, other), [
      (at[0] + other[0]) / 2,
      (at[1] + other[1]) / 2,
    ]);
  }

  /**
   * Continue what is being drawn: a lasso by a corner, a box from where it began.
   * @param {Point} at
   */
  trace(at) {
    const { map } = this;
    const [left, top] = this.drag.from;
    if (map.tool === 'box') {
      /** @type {Point[]} */
      const corners = [[left, top], [at[0], top], at, [left, at[1]]];
      map.stroke = corners.map((corner) => map.camera.placeAt(corner));
    } else map.stroke?.push(map.camera.placeAt(at));
    map.drawOverlaySoon();
  }

  /** @param {PointerEvent} event */
  release(event) {
    if (!this.pointers.has(event.pointerId)) return;
    const { stroke } = this.map;
    this.drop(event);
    if (this.drag.still) this.map.pick(pixelsOf(event));
    else if (stroke && stroke.length > 2) this.map.select(stroke);
  }

  /** @param {PointerEvent} event */
  drop(event) {
    this.pointers.delete(event.pointerId);
    this.map.stroke = null;
    this.map.drawOverlaySoon();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || !this.map.scene) return;
    event.preventDefault();
    act(this.map);
  }
}

/**
 * @param {MouseEvent} event
 * @returns {Point}
 */
const pixelsOf = (event) => [event.offsetX, event.offsetY];
