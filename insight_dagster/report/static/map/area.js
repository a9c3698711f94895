// The selected area in an address: `area=x,y,x,y,...`, the corners of a polygon.

/** @import { Point } from './geometry.js' */

const MOST_CORNERS = 60;

/**
 * Return the text of an area, thinned to 60 corners and rounded to a tenth of a pixel.
 * @param {Point[]} corners
 * @param {number} scale pixels for each unit
 */
export function areaText(corners, scale) {
  const step = Math.max(1, Math.ceil(corners.length / MOST_CORNERS));
  const digits = Math.max(0, Math.min(20, 1 + Math.ceil(Math.log10(scale))));
  return corners
    .filter((_, at) => at % step === 0)
    .flat()
    .map((value) => Number(value.toFixed(digits)))
    .join(',');
}

/**
 * Return the corners of an area; null where the text is none.
 * @param {string | undefined} text
 * @returns {Point[] | null}
 */
export function areaCorners(text) {
  const values = (text ?? '').split(',').map(Number);
  if (values.length < 6 || values.length % 2 || !values.every(Number.isFinite)) return null;
  return Array.from({ length: values.length / 2 }, (_, at) => [values[2 * at], values[2 * at + 1]]);
}
