// Packed columns as arrays and texts. How they are packed is in `packing.py`.

/** @import { Numbers, PackedArray, PackedTexts, TextColumn } from './data.js' */

const ARRAYS = {
  f4: Float32Array,
  f8: Float64Array,
  i4: Int32Array,
  u1: Uint8Array,
  u2: Uint16Array,
};
const MISSING = 65535;

/**
 * Return the numbers of a packed array, flat.
 * @param {PackedArray} packed
 * @returns {Numbers}
 */
export function decodeNumbers(packed) {
  return new ARRAYS[packed.kind](bytes(packed.data).buffer);
}

/**
 * Return a column of texts, which are null where they are missing.
 * @param {PackedTexts} packed
 * @returns {TextColumn}
 */
export function decodeTexts(packed) {
  if (packed.kind === 'texts') return { levels: null, at: (row) => packed.values[row] };
  if (packed.kind === 'levels') return levels(packed.levels, decodeNumbers(packed.codes));
  return hex(bytes(packed.data), packed.digits / 2);
}

/**
 * Return a function from a row to its part of a packed matrix.
 * @param {PackedArray} packed of two dimensions
 * @returns {(row: number) => Numbers}
 */
export function decodeMatrix(packed) {
  const [values, width] = [decodeNumbers(packed), packed.shape[1]];
  return (row) => values.subarray(row * width, (row + 1) * width);
}

/**
 * @param {string[]} names
 * @param {Numbers} codes
 * @returns {TextColumn}
 */
function levels(names, codes) {
  return { levels: names, at: (row) => (codes[row] === MISSING ? null : names[codes[row]]) };
}

/**
 * @param {Uint8Array} all
 * @param {number} width bytes of a text
 * @returns {TextColumn}
 */
function hex(all, width) {
  /** @param {number} row */
  const at = (row) => {
    let text = '';
    for (const byte of all.subarray(row * width, (row + 1) * width)) {
      text += byte.toString(16).padStart(2, '0');
    }
    return text;
  };
  return { levels: null, at };
}

/** @param {string} text base64 */
function bytes(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const plain = atob(text);
  const out = new Uint8Array(plain.length);
  for (let at = 0; at < out.length; at += 1) out[at] = plain.charCodeAt(at);
  return out;
}
