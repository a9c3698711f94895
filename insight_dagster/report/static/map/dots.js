// Dots as they are drawn, and how long drawing may take.

export const MARKS = /** @type {const} */ (['circle', 'square', 'diamond', 'triangle-up', 'cross']);
/** @typedef {(typeof MARKS)[number]} Mark */

/**
 * Dots in drawing order: places (2 numbers each), colours (4 bytes each), sizes in pixels (0 = not
 * drawn) and places in `MARKS`.
 * @typedef {{ place: Float32Array, colour: Uint8Array, size: Float32Array, mark: Float32Array }} Dots
 */
/**
 * What is drawn in the middle, and pixels for each unit of the data.
 * @typedef {{ x: number, y: number, scale: number }} CameraPosition
 */

/** Milliseconds that a frame may take while the map moves; dots are left out to keep to it. */
export const BUDGET = 16;
/** Up to this many dots, none is ever left out. */
export const FEW = 20000;
