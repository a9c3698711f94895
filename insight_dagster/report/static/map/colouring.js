// What a dot's colour can stand for: groups of clips by a category, or a number of each clip.

import { words } from '../core/format.js';
import { COLOURS, category, MOST, REST } from '../parts/palette.js';

const CATEGORIES = [
  ['class_name', 'class'],
  ['predicted', 'predicted class'],
  ['correct', 'right or wrong'],
  ['split', 'split'],
  ['cluster', 'cluster'],
];
const NUMBERS = [
  ['loss', 'loss', 'nat'],
  ['probability', 'probability of the own class', '0-1'],
  ['margin', 'margin', ''],
  ['entropy', 'entropy of the prediction', 'nat'],
  ['strength', 'cluster membership', '0-1'],
];
// Fields with a middle that means something: lower and higher are told apart by colour.
const DIVERGING = new Set(['margin', 'zoom']);

export const isCategory = (name) => CATEGORIES.some(([key]) => key === name);
export const isDiverging = (name) => DIVERGING.has(name);

// Groups of options for a choice of colours: [heading, [[value, text], ...]].
export const choices = (run) => [
  ['category', CATEGORIES],
  ['model', NUMBERS.map(([value, text]) => [value, text])],
  ['metadata', run.fields.map((field) => [field.name, words(field.name)])],
];

export function titleOf(run, name) {
  const field = run.fields.find((each) => each.name === name);
  const [, text, unit] = NUMBERS.find(([key]) => key === name) ?? [name, words(name), field?.unit];
  return unit && unit !== '0-1' ? `${text}, ${unit}` : text;
}

function categoryOf(run, name, row) {
  if (name === 'correct') return run.correct(row);
  if (name === 'cluster') return run.columns.cluster[row] < -1 ? null : run.columns.cluster[row];
  return run.text(name, row);
}

function labelOf(name, value) {
  if (value === null) return name === 'correct' ? 'not scored' : 'unknown';
  if (name === 'correct') return value ? 'right' : 'wrong';
  if (name === 'cluster') return value < 0 ? 'in no cluster' : `cluster ${value}`;
  if (name === 'split') return value || 'no split';
  return String(value);
}

// Groups of rows in legend order; what exceeds the palette becomes one grey group.
export function groupsOf(run, name) {
  const members = new Map();
  for (let row = 0; row < run.rows; row += 1) {
    const value = categoryOf(run, name, row);
    if (!members.has(value)) members.set(value, []);
    members.get(value).push(row);
  }
  const isRest = (value) => value === null || (name === 'cluster' && value < 0);
  const known = [...members.keys()].filter((value) => !isRest(value));
  known.sort((a, b) => members.get(b).length - members.get(a).length);
  const shown = known.slice(0, MOST).sort(order);
  const groups = shown.map((value, index) => ({
    text: labelOf(name, value),
    rows: members.get(value),
    ...paint(name, value, index),
  }));
  const more = known.slice(MOST).flatMap((value) => members.get(value));
  if (more.length)
    groups.push({
      text: `${known.length - MOST} others`,
      rows: more,
      colour: REST,
      mark: 'circle',
    });
  for (const value of [...members.keys()].filter(isRest))
    groups.unshift({
      text: labelOf(name, value),
      rows: members.get(value),
      colour: REST,
      mark: 'circle',
    });
  return groups;
}

const order = (a, b) => (typeof a === 'string' ? a.localeCompare(b) : Number(a) - Number(b));

const paint = (name, value, index) =>
  name === 'correct' ? { colour: COLOURS[value ? 0 : 1], mark: 'circle' } : category(index);
