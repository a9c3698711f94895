// The toolbar of the map: what dragging does, and steps of the zoom.

import { element, fill } from '../core/dom.js';

/** @typedef {'lasso' | 'box' | 'pan'} Tool */
/** @typedef {{ zoom(factor: number): void, fit(): void, choose(tool: Tool): void }} ToolbarActions */

export const ZOOM_STEP = 1.5;

/** @type {[tool: Tool, title: string, path: string][]} */
const TOOLS = [
  ['lasso', 'Lasso: draw around dots', 'M3 6c0-3 10-4 10 0s-7 5-9 3 1-3 2-1-1 4-2 5'],
  ['box', 'Box: draw a rectangle around dots', 'M3 4h10v8H3z'],
  ['pan', 'Pan: drag the map', 'M8 2v12M2 8h12M6 4l2-2 2 2M6 12l2 2 2-2M4 6 2 8l2 2M12 6l2 2-2 2'],
];
/** @type {[title: string, path: string, act: (map: ToolbarActions) => void][]} */
const STEPS = [
  ['Zoom in', 'M8 3v10M3 8h10', (map) => map.zoom(ZOOM_STEP)],
  ['Zoom out', 'M3 8h10', (map) => map.zoom(1 / ZOOM_STEP)],
  ['Show all dots', 'M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3', (map) => map.fit()],
];

/** The tool at first: fingers pan, a mouse draws. */
export const firstTool = () =>
  /** @type {Tool} */ (matchMedia('(pointer: coarse)').matches ? 'pan' : 'lasso');

export class Toolbar {
  /** @param {ToolbarActions} map */
  constructor(map) {
    this.map = map;
    this.root = element('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Map tools' });
  }

  /** @param {Tool} chosen */
  draw(chosen) {
    fill(
      this.root,
      TOOLS.map(([tool, title, path]) =>
        iconButton(title, path, String(tool === chosen), () => this.map.choose(tool)),
      ),
      STEPS.map(([title, path, act]) => iconButton(title, path, null, () => act(this.map))),
    );
  }

  /** @param {Tool} tool */
  focus(tool) {
    const at = TOOLS.findIndex(([each]) => each === tool);
    /** @type {HTMLElement} */ (this.root.children[at]).focus();
  }
}

/**
 * @param {string} title
 * @param {string} path of its icon
 * @param {string | null} pressed
 * @param {() => void} act
 */
const iconButton = (title, path, pressed, act) =>
  element(
    'button',
    { type: 'button', title, 'aria-label': title, 'aria-pressed': pressed, onclick: act },
    element('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true' }, element('path', { d: path })),
  );
