// What draws dots on a canvas. Not here: what a dot's style means (`dot_styles.js`), pointers
// (`scatter.js`).

import { PlainDots } from './plain_dots.js';
import { WebglDots } from './webgl_dots.js';

/** @import { CameraPosition, Dots } from './dots.js' */

/**
 * @typedef {object} DotRenderer
 * @property {(dots: Dots) => void} fill hands over the dots
 * @property {(camera: CameraPosition, ratio: number, moving: boolean) => void} draw draws all dots,
 *   or while the map moves as many as a frame has time for; ratio: device pixels for each pixel
 * @property {() => void} close gives the memory back
 */

/**
 * Return a renderer that uses WebGL, or a plain canvas where there is no WebGL.
 * @param {HTMLCanvasElement} canvas
 * @returns {DotRenderer}
 */
export function dotRenderer(canvas) {
  const gl = canvas.getContext('webgl2', { antialias: false, preserveDrawingBuffer: true });
  if (gl) return new WebglDots(gl);
  return new PlainDots(/** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')));
}
