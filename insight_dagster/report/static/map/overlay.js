// What lies over the dots: the outline of a group, the selected area, rings around clips.

import { element, fill } from '../core/dom.js';

/** @import { Point } from './geometry.js' */
/** @typedef {'outline' | 'area' | 'found' | 'under'} Kind of a shape, its class in the style sheet */

export class Overlay {
  constructor() {
    this.root = element('svg', { class: 'overlay', 'aria-hidden': 'true' });
  }

  /**
   * Draw shapes in the place of those that are there; missing ones are left out.
   * @param {[kind: Kind, corners: Point[] | null][]} polygons in pixels
   * @param {[kind: Kind, middle: Point | null][]} rings in pixels
   */
  draw(polygons, rings) {
    fill(
      this.root,
      polygons.map(([kind, corners]) => (corners?.length ? polygon(kind, corners) : null)),
      rings.map(([kind, middle]) => middle && ring(kind, middle)),
    );
  }
}

/**
 * @param {Kind} kind
 * @param {Point[]} corners
 */
const polygon = (kind, corners) => {
  const places = corners.map((corner) => corner.map((value) => value.toFixed(1)));
  return element('path', { class: kind, d: `M${places.join('L')}Z` });
};

/**
 * @param {Kind} kind
 * @param {Point} middle
 */
const ring = (kind, [cx, cy]) => element('circle', { class: kind, cx, cy, r: 10 });
