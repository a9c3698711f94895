// A map of dots: what is shown of it, and when it is drawn. Not here: pointers (`gestures.js`), how
// dots look (`dot_styles.js`), what a selection means (`selection_panel.js`).

import { element } from '../core/dom.js';
import { Camera } from './camera.js';
import { dotRenderer } from './dot_renderer.js';
import { extent, isPlaced } from './geometry.js';
import { Gestures } from './gestures.js';
import { Grid } from './grid.js';
import { Overlay } from './overlay.js';
import { firstTool, Toolbar } from './toolbar.js';

/** @import { Numbers } from '../core/data.js' */
/** @import { DotStyles } from './dot_styles.js' */
/** @import { Dots } from './dots.js' */
/** @import { Extent, Point } from './geometry.js' */
/** @import { Tool } from './toolbar.js' */

/**
 * Called by the map.
 * @typedef {object} Listeners
 * @property {(row: number | null, event?: PointerEvent) => void} hover
 * @property {(row: number) => void} pick
 * @property {(corners: Point[] | null, scale: number) => void} area scale: pixels for each unit
 */
/**
 * What the map shows.
 * @typedef {object} Scene
 * @property {Numbers} x
 * @property {Numbers} y
 * @property {DotStyles} styles
 * @property {string} label for screen readers
 * @property {Point[]} outline of a group
 * @property {Point[] | null} area that is selected
 * @property {number | null} found row that has a ring
 */
const REACH = 12; // pixels between a pointer and the dot that it means
const REST = 150; // milliseconds without movement after which every dot is drawn

export class Scatter {
  /** @param {Listeners} listeners */
  constructor(listeners) {
    this.listeners = listeners;
    this.tool = firstTool();
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {Extent} */
    this.extent = { x: 0, y: 0, half: [1, 1] };
    /** @type {Grid | null} */
    this.grid = null;
    /** @type {Point[] | null} corners of what is being drawn */
    this.stroke = null;
    /** @type {number | null} row under the pointer */
    this.under = null;
    /** @type {number | null} */
    this.frame = null;
    /** @type {number | null} */
    this.overlayFrame = null;
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.resting = null;
    this.canvas = element('canvas', { tabindex: 0, role: 'img' });
    this.overlay = new Overlay();
    this.toolbar = new Toolbar(this);
    this.root = element('div', { id: 'plot' }, this.canvas, this.overlay.root, this.toolbar.root);
    this.camera = new Camera(this.canvas);
    this.dots = dotRenderer(this.canvas);
    this.watch = new ResizeObserver(() => (this.camera.moved ? this.draw() : this.fit()));
    this.watch.observe(this.canvas);
    this.drawTools();
    this.gestures = new Gestures(this);
  }

  /** @param {Scene} scene */
  show(scene) {
    const moved = scene.x !== this.scene?.x;
    this.scene = scene;
    if (moved) {
      this.extent = extent(scene.x, scene.y);
      this.grid = new Grid(scene.x, scene.y, this.extent);
    }
    this.canvas.setAttribute('aria-label', scene.label);
    this.dots.fill(inOrder(scene, this.extent));
    if (moved) this.fit();
    else this.draw();
  }

  close() {
    this.watch.disconnect();
    clearTimeout(this.resting ?? undefined);
    this.dots.close();
  }

  drawTools() {
    this.toolbar.draw(this.tool);
    this.canvas.dataset.tool = this.tool;
  }

  /** @param {Tool} tool */
  choose(tool) {
    this.tool = tool;
    this.drawTools();
    this.toolbar.focus(tool);
  }

  fit() {
    if (!this.scene) return;
    this.camera.fit(this.extent);
    this.draw();
  }

  /**
   * @param {number} factor
   * @param {Point} [at]
   */
  zoom(factor, at) {
    if (!this.scene) return;
    this.camera.zoom(factor, at);
    this.drawMoving();
  }

  /**
   * @param {number} right
   * @param {number} down
   */
  pan(right, down) {
    this.camera.pan(right, down);
    this.drawMoving();
  }

  drawMoving() {
    clearTimeout(this.resting ?? undefined);
    this.resting = setTimeout(() => {
      this.resting = null;
      this.draw();
    }, REST);
    this.draw();
  }

  /** @param {Point} pixels */
  rowAt(pixels) {
    if (!this.scene || !this.grid) return null;
    const { size } = this.scene.styles;
    const reach = REACH / this.camera.position.scale;
    return this.grid.nearest(this.camera.placeAt(pixels), reach, (row) => size[row] > 0);
  }

  /** Draw with the next frame, once, however often it is asked for until then. */
  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      const ratio = Math.min(2, devicePixelRatio || 1);
      const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight].map((side) =>
        Math.max(1, Math.round(side * ratio)),
      );
      if (this.canvas.width !== width || this.canvas.height !== height) {
        Object.assign(this.canvas, { width, height });
      }
      const { x, y, scale } = this.camera.position;
      const fromMiddle = { x: x - this.extent.x, y: y - this.extent.y, scale };
      this.dots.draw(fromMiddle, ratio, Boolean(this.resting));
      this.drawOverlay();
    });
  }

  /** Draw only what lies over the dots: pointing and drawing around leave the dots as they are. */
  drawOverlaySoon() {
    this.overlayFrame ??= requestAnimationFrame(() => {
      this.overlayFrame = null;
      this.drawOverlay();
    });
  }

  drawOverlay() {
    if (!this.scene) return;
    const { outline, area, found, x, y } = this.scene;
    /** @type {(corners: Point[] | null) => Point[] | null} */
    const pixels = (corners) => corners?.map((corner) => this.camera.pixelsOf(corner)) ?? null;
    /** @type {(row: number | null) => Point | null} */
    const place = (row) =>
      row !== null && isPlaced(x, y, row) ? this.camera.pixelsOf([x[row], y[row]]) : null;
    this.overlay.draw(
      [
        ['outline', pixels(outline)],
        ['area', pixels(this.stroke ?? area)],
      ],
      [
        ['found', place(found)],
        ['under', place(this.under)],
      ],
    );
  }

  /**
   * Choose the dot at a point, if there is one.
   * @param {Point} pixels
   */
  pick(pixels) {
    const row = this.rowAt(pixels);
    if (row !== null) this.listeners.pick(row);
  }

  /**
   * Select what lies in an area, or nothing.
   * @param {Point[] | null} corners
   */
  select(corners) {
    this.listeners.area(corners, this.camera.position.scale);
  }

  /**
   * Point at a row, or at none.
   * @param {number | null} row
   * @param {PointerEvent} [event]
   */
  point(row, event) {
    const same = row === this.under;
    if (same && row === null) return;
    this.under = row;
    this.listeners.hover(row, event);
    if (!same) this.drawOverlaySoon();
  }
}

/**
 * Return dots in drawing order; places are counted from the middle, for which 32 bits suffice.
 * @param {Scene} scene
 * @param {Extent} middle
 * @returns {Dots}
 */
function inOrder({ x, y, styles }, middle) {
  const order = styles.order();
  const place = new Float32Array(2 * order.length);
  const colour = new Uint8Array(4 * order.length);
  order.forEach((row, at) => {
    place[2 * at] = x[row] - middle.x;
    place[2 * at + 1] = y[row] - middle.y;
    colour.set(styles.colour.subarray(4 * row, 4 * row + 4), 4 * at);
  });
  /** @param {Float32Array} values */
  const ordered = (values) =>
    Float32Array.from(order, (row) => (isPlaced(x, y, row) ? values[row] : 0));
  return { place, colour, size: ordered(styles.size), mark: ordered(styles.mark) };
}
