// A map of dots: moving about it, pointing at dots, drawing around them.
// Belongs here: the camera, pointers and keys. Does not: how dots look, what a selection means.

import { element, fill } from '../core/dom.js';
import { dotsOn } from './dots.js';
import { extent, Grid } from './geometry.js';

const REACH = 12; // pixels between a pointer and the dot it means
const STILL = 4; // pixels a pointer may move in a click
const ZOOM = 1.5; // a step of the zoom
const MARGIN = 0.94; // of the plot that dots fill
const REST = 150; // milliseconds without movement after which every dot is drawn

const TOOLS = {
  lasso: ['Lasso: draw around dots', 'M3 6c0-3 10-4 10 0s-7 5-9 3 1-3 2-1-1 4-2 5'],
  box: ['Box: draw a rectangle around dots', 'M3 4h10v8H3z'],
  pan: ['Pan: drag the map', 'M8 2v12M2 8h12M6 4l2-2 2 2M6 12l2 2 2-2M4 6 2 8l2 2M12 6l2 2-2 2'],
};
const STEPS = [
  ['Zoom in', 'M8 3v10M3 8h10', (map) => map.zoom(ZOOM)],
  ['Zoom out', 'M3 8h10', (map) => map.zoom(1 / ZOOM)],
  ['Show all dots', 'M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3', (map) => map.fit()],
];

export class Scatter {
  // `tell`: { hover(row or null, event), pick(row), area(corners or null, pixels for each unit) }.
  constructor(tell) {
    this.tell = tell;
    this.tool = matchMedia('(pointer: coarse)').matches ? 'pan' : 'lasso';
    this.pointers = new Map();
    this.canvas = element('canvas', { tabindex: 0, role: 'img' });
    this.overlay = element('svg', { class: 'overlay', 'aria-hidden': 'true' });
    this.tools = element('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Map tools' });
    this.root = element('div', { id: 'plot' }, this.canvas, this.overlay, this.tools);
    this.dots = dotsOn(this.canvas);
    this.drawTools();
    this.listen();
  }

  // Show dots: { x, y, looks, label, outline, area (corners), found (row or null) }.
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
    clearTimeout(this.resting);
    this.dots.close();
  }

  drawTools() {
    const button = (title, path, pressed, act) =>
      element(
        'button',
        { type: 'button', title, 'aria-label': title, 'aria-pressed': pressed, onclick: act },
        element(
          'svg',
          { viewBox: '0 0 16 16', 'aria-hidden': 'true' },
          element('path', { d: path }),
        ),
      );
    fill(
      this.tools,
      Object.entries(TOOLS).map(([tool, [title, path]]) =>
        button(title, path, String(tool === this.tool), () => this.choose(tool)),
      ),
      STEPS.map(([title, path, act]) => button(title, path, null, () => this.scene && act(this))),
    );
    this.canvas.dataset.tool = this.tool;
  }

  choose(tool) {
    this.tool = tool;
    const at = Object.keys(TOOLS).indexOf(tool);
    this.drawTools();
    this.tools.children[at].focus();
  }

  // The camera: the data's place in the middle of the plot, and pixels for each unit of the data.
  fit() {
    const { x, y, half } = this.extent;
    const [width, height] = [this.canvas.clientWidth || 1, this.canvas.clientHeight || 1];
    this.camera = { x, y, scale: MARGIN * Math.min(width / (2 * half[0]), height / (2 * half[1])) };
    this.all = this.camera.scale;
    this.moved = false;
    this.draw();
  }

  zoom(factor, at = [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2]) {
    const [x, y] = this.placeAt(at);
    const scale = Math.min(1e5 * this.all, Math.max(this.all / 4, this.camera.scale * factor));
    const kept = this.camera.scale / scale;
    this.go({ x: x + (this.camera.x - x) * kept, y: y + (this.camera.y - y) * kept, scale });
  }

  pan(right, down) {
    const { x, y, scale } = this.camera;
    this.go({ x: x - right / scale, y: y + down / scale, scale });
  }

  go(camera) {
    this.camera = camera;
    this.moved = true;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.resting = null;
      this.draw();
    }, REST);
    this.draw();
  }

  placeAt([right, down]) {
    const { x, y, scale } = this.camera;
    return [
      x + (right - this.canvas.clientWidth / 2) / scale,
      y - (down - this.canvas.clientHeight / 2) / scale,
    ];
  }

  pixelsOf([x, y]) {
    const { camera, canvas } = this;
    return [
      (x - camera.x) * camera.scale + canvas.clientWidth / 2,
      canvas.clientHeight / 2 - (y - camera.y) * camera.scale,
    ];
  }

  rowAt(pixels) {
    const shown = (row) => this.scene.looks.size[row] > 0;
    return this.grid.nearest(this.placeAt(pixels), REACH / this.camera.scale, shown);
  }

  // Draws with the next frame, however often it is asked for until then.
  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      const ratio = Math.min(2, devicePixelRatio || 1);
      const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight].map((side) =>
        Math.max(1, Math.round(side * ratio)),
      );
      if (this.canvas.width !== width || this.canvas.height !== height)
        Object.assign(this.canvas, { width, height });
      const { x, y, scale } = this.camera;
      this.dots.draw(
        { x: x - this.extent.x, y: y - this.extent.y, scale },
        ratio,
        Boolean(this.resting),
      );
      this.drawOver();
    });
  }

  // The same for what lies over the dots: pointing and drawing around leave these as they are.
  drawOverSoon() {
    this.overFrame ??= requestAnimationFrame(() => {
      this.overFrame = null;
      this.drawOver();
    });
  }

  drawOver() {
    const { outline, area, found, x, y } = this.scene;
    const polygon = (corners, kind) =>
      corners?.length
        ? element('path', {
            class: kind,
            d: `M${corners.map((corner) => this.pixelsOf(corner).map((value) => value.toFixed(1))).join('L')}Z`,
          })
        : null;
    const ring = (row, kind) => {
      if (row === null || row === undefined || !Number.isFinite(x[row])) return null;
      const [cx, cy] = this.pixelsOf([x[row], y[row]]);
      return element('circle', { class: kind, cx, cy, r: 10 });
    };
    fill(
      this.overlay,
      polygon(outline, 'outline'),
      polygon(this.stroke ?? area, 'area'),
      ring(found, 'found'),
      ring(this.under, 'under'),
    );
  }

  listen() {
    const { canvas } = this;
    this.watch = new ResizeObserver(() => this.scene && (this.moved ? this.draw() : this.fit()));
    this.watch.observe(canvas);
    canvas.addEventListener('pointerdown', (event) => this.press(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    canvas.addEventListener('pointerup', (event) => this.release(event));
    canvas.addEventListener('pointercancel', (event) => this.drop(event));
    canvas.addEventListener('pointerleave', () => this.point(null));
    canvas.addEventListener('dblclick', () => this.scene && this.fit());
    canvas.addEventListener('keydown', (event) => this.key(event));
    canvas.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        if (this.scene)
          this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), pixels(event));
      },
      { passive: false },
    );
  }

  press(event) {
    if (event.button > 1 || !this.scene) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, pixels(event));
    if (this.pointers.size > 1) {
      this.stroke = null;
      this.drag = { moving: true, still: false };
      return;
    }
    const moving = event.button === 1 || (this.tool === 'pan') !== event.shiftKey;
    this.drag = { moving, still: true, from: pixels(event) };
    if (!moving) this.stroke = [this.placeAt(pixels(event))];
  }

  move(event) {
    const now = pixels(event);
    if (!this.pointers.has(event.pointerId)) {
      if (event.pointerType !== 'touch' && this.scene) this.point(this.rowAt(now), event);
      return;
    }
    const before = this.pointers.get(event.pointerId);
    if (
      this.drag.still &&
      Math.hypot(now[0] - this.drag.from[0], now[1] - this.drag.from[1]) < STILL
    )
      return;
    this.drag.still = false;
    this.point(null);
    if (this.pointers.size > 1) this.pinch(event.pointerId, now);
    else if (this.drag.moving) this.pan(now[0] - before[0], now[1] - before[1]);
    else this.trace(now);
    this.pointers.set(event.pointerId, now);
  }

  // Two fingers: the map follows both.
  pinch(id, now) {
    const [, other] = [...this.pointers].find(([each]) => each !== id);
    const before = this.pointers.get(id);
    const apart = (a, b) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));
    this.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    this.zoom(apart(now, other) / apart(before, other), [
      (now[0] + other[0]) / 2,
      (now[1] + other[1]) / 2,
    ]);
  }

  trace(now) {
    if (this.tool === 'box') {
      const [left, top] = this.drag.from;
      this.stroke = [[left, top], [now[0], top], now, [left, now[1]]].map((corner) =>
        this.placeAt(corner),
      );
    } else this.stroke.push(this.placeAt(now));
    this.drawOverSoon();
  }

  release(event) {
    if (!this.pointers.has(event.pointerId)) return;
    const { drag, stroke } = this;
    this.drop(event);
    if (drag.still) {
      const row = this.rowAt(pixels(event));
      if (row !== null) this.tell.pick(row);
    } else if (stroke?.length > 2) this.tell.area(stroke, this.camera.scale);
  }

  drop(event) {
    this.pointers.delete(event.pointerId);
    this.stroke = null;
    this.drawOverSoon();
  }

  point(row, event) {
    const same = row === (this.under ?? null);
    if (same && row === null) return;
    this.under = row;
    this.tell.hover(row, event);
    if (!same) this.drawOverSoon();
  }

  key(event) {
    const step = 40;
    const acts = {
      ArrowLeft: () => this.pan(step, 0),
      ArrowRight: () => this.pan(-step, 0),
      ArrowUp: () => this.pan(0, step),
      ArrowDown: () => this.pan(0, -step),
      '+': () => this.zoom(ZOOM),
      '=': () => this.zoom(ZOOM),
      '-': () => this.zoom(1 / ZOOM),
      0: () => this.fit(),
      Escape: () => this.tell.area(null),
    };
    if (!acts[event.key] || event.ctrlKey || event.metaKey || event.altKey || !this.scene) return;
    event.preventDefault();
    acts[event.key]();
  }
}

const pixels = (event) => [event.offsetX, event.offsetY];

// Dots in drawing order, their places counted from the middle: 32 bits suffice for those.
function inOrder({ x, y, looks }, middle) {
  const order = looks.order();
  const place = new Float32Array(2 * order.length);
  const colour = new Uint8Array(4 * order.length);
  order.forEach((row, at) => {
    place[2 * at] = x[row] - middle.x;
    place[2 * at + 1] = y[row] - middle.y;
    colour.set(looks.colour.subarray(4 * row, 4 * row + 4), 4 * at);
  });
  const taken = (values) =>
    Float32Array.from(order, (row) =>
      Number.isFinite(x[row]) && Number.isFinite(y[row]) ? values[row] : 0,
    );
  return { place, colour, size: taken(looks.size), mark: taken(looks.mark) };
}
