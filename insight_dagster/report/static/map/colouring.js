// What a dot's colour can stand for: groups of clips by a category, or a number of each clip.

import { words } from '../core/format.js';
import {
  CATEGORY_COLOURS,
  categoryStyle,
  MOST_CATEGORIES,
  OTHER_COLOUR,
} from '../parts/palette.js';

/** @import { Run } from '../core/run.js' */
/** @import { Option } from '../core/controls.js' */
/** @import { Mark } from './dots.js' */

/** @typedef {'class_name' | 'predicted' | 'correct' | 'split' | 'cluster'} Category */
/** @typedef {string | number | boolean | null} Value of a category; null = unknown */
/**
 * Clips of one colour and mark, as the legend lists them.
 * @typedef {{ text: string, rows: number[], colour: string, mark: Mark }} Group
 */

/** @type {[Category, string][]} */
const CATEGORIES = [
  ['class_name', 'class'],
  ['predicted', 'predicted class'],
  ['correct', 'right or wrong'],
  ['split', 'split'],
  ['cluster', 'cluster'],
];
/** @type {[name: string, text: string, unit: string][]} */
const NUMBERS = [
  ['loss', 'loss', 'nat'],
  ['probability', 'probability of the true label', '0-1'],
  ['margin', 'margin', ''],
  ['entropy', 'entropy of the prediction', 'nat'],
  ['strength', 'cluster membership', '0-1'],
];
// Numbers with a meaningful middle: their scale has different colours below and above it.
const DIVERGING = new Set(['margin', 'zoom']);

/**
 * @param {string} name
 * @returns {name is Category}
 */
export const isCategory = (name) => CATEGORIES.some(([key]) => key === name);

/** @param {string} name */
export const isDiverging = (name) => DIVERGING.has(name);

/**
 * Return everything that dots can be coloured by, as groups of options.
 * @param {Run} run
 * @returns {[heading: string, options: Option[]][]}
 */
export const choices = (run) => [
  ['category', CATEGORIES],
  ['model', NUMBERS.map(([value, text]) => [value, text])],
  ['metadata', run.fields.map((field) => [field.name, words(field.name)])],
];

/**
 * @param {Run} run
 * @param {string} name
 */
export function titleOf(run, name) {
  const field = run.fields.find((each) => each.name === name);
  const known = NUMBERS.find(([key]) => key === name);
  const [, text, unit] = known ?? [name, words(name), field?.unit];
  return unit && unit !== '0-1' ? `${text}, ${unit}` : text;
}

/**
 * @param {Run} run
 * @param {Category} name
 * @param {number} row
 * @returns {Value}
 */
function categoryOf(run, name, row) {
  if (name === 'correct') return run.correct(row);
  if (name === 'cluster') return run.columns.cluster[row] < -1 ? null : run.columns.cluster[row];
  return run.text(name, row);
}

/**
 * @param {Category} name
 * @param {Value} value
 */
function labelOf(name, value) {
  if (value === null) return name === 'correct' ? 'not scored' : 'unknown';
  if (name === 'correct') return value ? 'right' : 'wrong';
  if (name === 'cluster') return Number(value) < 0 ? 'in no cluster' : `cluster ${value}`;
  if (name === 'split') return String(value || 'no split');
  return String(value);
}

/**
 * Return the groups of a category in legend order; those beyond the palette share a grey one.
 * @param {Run} run
 * @param {Category} name
 * @returns {Group[]}
 */
export function groupsOf(run, name) {
  /** @type {Map<Value, number[]>} */
  const members = new Map();
  for (let row = 0; row < run.rows; row += 1) {
    const value = categoryOf(run, name, row);
    const rows = members.get(value);
    if (rows) rows.push(row);
    else members.set(value, [row]);
  }
  const rowsOf = (/** @type {Value} */ value) => members.get(value) ?? [];
  const isUnknown = (/** @type {Value} */ value) =>
    value === null || (name === 'cluster' && Number(value) < 0);
  const known = [...members.keys()].filter((value) => !isUnknown(value));
  known.sort((a, b) => rowsOf(b).length - rowsOf(a).length);
  const grey = { colour: OTHER_COLOUR, mark: /** @type {Mark} */ ('circle') };
  const coloured = known
    .slice(0, MOST_CATEGORIES)
    .sort(order)
    .map((value, index) => ({
      text: labelOf(name, value),
      rows: rowsOf(value),
      ...styleOf(name, value, index),
    }));
  const unknown = [...members.keys()]
    .filter(isUnknown)
    .map((value) => ({ text: labelOf(name, value), rows: rowsOf(value), ...grey }));
  const others = known.slice(MOST_CATEGORIES);
  const rest = { text: `${others.length} others`, rows: others.flatMap(rowsOf), ...grey };
  return [...unknown.reverse(), ...coloured, ...(others.length ? [rest] : [])];
}

/**
 * @param {Value} a
 * @param {Value} b
 */
const order = (a, b) =>
  typeof a === 'string' ? a.localeCompare(String(b)) : Number(a) - Number(b);

/**
 * @param {Category} name
 * @param {Value} value
 * @param {number} index
 * @returns {{ colour: string, mark: Mark }}
 */
const styleOf = (name, value, index) =>
  name === 'correct'
    ? { colour: CATEGORY_COLOURS[value ? 0 : 1], mark: 'circle' }
    : categoryStyle(index);
