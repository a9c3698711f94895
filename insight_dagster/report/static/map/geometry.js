// Places on a plane: what lies in a polygon, and the outline of a group.

/** @import { Numbers } from '../core/data.js' */

/** @typedef {[x: number, y: number]} Point */
/** @typedef {{ x: number, y: number, half: Point }} Extent the middle, and half the width and height */

/**
 * Return the extent of the known places.
 * @param {Numbers} x
 * @param {Numbers} y
 * @returns {Extent}
 */
export function extent(x, y) {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let row = 0; row < x.length; row += 1) {
    if (!isPlaced(x, y, row)) continue;
    left = Math.min(left, x[row]);
    right = Math.max(right, x[row]);
    low = Math.min(low, y[row]);
    high = Math.max(high, y[row]);
  }
  if (left > right) return { x: 0, y: 0, half: [1, 1] };
  return {
    x: (left + right) / 2,
    y: (low + high) / 2,
    half: [Math.max((right - left) / 2, 1e-6), Math.max((high - low) / 2, 1e-6)],
  };
}

/**
 * @param {Numbers} x
 * @param {Numbers} y
 * @param {number} row
 */
export const isPlaced = (x, y, row) => Number.isFinite(x[row]) && Number.isFinite(y[row]);

/**
 * Return the rows inside a polygon.
 * @param {Numbers} x
 * @param {Numbers} y
 * @param {Point[]} corners
 */
export function rowsInside(x, y, corners) {
  const out = [];
  for (let row = 0; row < x.length; row += 1) {
    if (isPlaced(x, y, row) && isInside(x[row], y[row], corners)) out.push(row);
  }
  return out;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {Point[]} corners
 */
function isInside(x, y, corners) {
  let inside = false;
  for (let at = 0, before = corners.length - 1; at < corners.length; before = at, at += 1) {
    const [[ax, ay], [bx, by]] = [corners[at], corners[before]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

const FEWEST_OUTLINED = 5;
const OWN_SHARE = 0.3; // of the dots inside an outline that must belong to the group

/**
 * Return the corners of the convex hull of the nine in ten clips nearest to a group's median. There
 * are none for a small group, or a scattered one: its outline would be around other clips.
 * @param {Numbers} x
 * @param {Numbers} y
 * @param {Iterable<number>} rows of the group
 * @returns {Point[]}
 */
export function outline(x, y, rows) {
  const points = Array.from(rows)
    .filter((row) => isPlaced(x, y, row))
    .map((row) => /** @type {Point} */ ([x[row], y[row]]));
  if (points.length < FEWEST_OUTLINED) return [];
  const [middleX, middleY] = [0, 1].map(
    (axis) => points.map((point) => point[axis]).sort((a, b) => a - b)[points.length >> 1],
  );
  const distance = (/** @type {Point} */ [px, py]) => Math.hypot(px - middleX, py - middleY);
  points.sort((a, b) => distance(a) - distance(b));
  const kept = points.slice(0, Math.ceil(0.9 * points.length));
  const corners = hull(kept);
  return kept.length >= OWN_SHARE * rowsInside(x, y, corners).length ? corners : [];
}

/**
 * Return the corners of the convex hull, by Andrew's monotone chain.
 * @param {Point[]} points
 */
function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return [...halfHull(sorted), ...halfHull(sorted.reverse())];
}

/** @param {Point[]} sorted */
function halfHull(sorted) {
  /** @type {Point[]} */
  const out = [];
  for (const point of sorted) {
    while (out.length >= 2 && turn(out[out.length - 2], out[out.length - 1], point) <= 0) out.pop();
    out.push(point);
  }
  return out.slice(0, -1);
}

/**
 * Return a positive number for a turn to the left.
 * @param {Point} o
 * @param {Point} a
 * @param {Point} b
 */
const turn = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
