// Clips as a list, filtered by class, prediction, split, cluster, text and correctness.

import { select } from '../core/controls.js';
import { download } from '../core/csv.js';
import { element, empty } from '../core/dom.js';
import { count } from '../core/format.js';
import { change } from '../core/router.js';
import { clipCsv } from '../parts/clip_csv.js';
import { findRows } from '../parts/search.js';
import { clipGrid } from '../parts/thumbnails.js';

/** @import { Option } from '../core/controls.js' */
/** @import { Child } from '../core/dom.js' */
/** @import { Params } from '../core/router.js' */
/** @import { Run } from '../core/run.js' */
/** @import { View } from './view.js' */

/** @type {Record<string, [text: string, key: (run: Run, row: number) => number | string]>} */
const ORDERS = {
  '': ['highest loss', (run, row) => -(run.number('loss', row) ?? -1)],
  lowest: ['lowest loss', (run, row) => run.number('loss', row) ?? Infinity],
  path: ['path', (run, row) => run.text('path', row)],
};

/** @type {View} */
export async function clips({ run, params }) {
  const title = element('h1', { tabindex: -1 }, 'Clips');
  if (!run.rows) {
    const none = empty('No clips yet', 'Materialize clip_manifest, then measurements.');
    return { parts: [title, element('div', { class: 'panel' }, none)] };
  }
  const rows = ordered(run, matching(run, params), params.order ?? '');
  const save = () => download('clips.csv', clipCsv(run, rows));
  const controls = element(
    'div',
    { class: 'controls' },
    choosers(run, params),
    params.search ? chip(`“${params.search}”`, 'search') : null,
    params.other ? chip('labels outside the library', 'other') : null,
    element('span', { role: 'status' }, count(rows.length, 'clip')),
    element('button', { type: 'button', onclick: save }, 'Export (CSV)'),
  );
  const none = () => empty('No matching clip', 'Choose another class, prediction or split.');
  return { parts: [title, controls, rows.length ? clipGrid(run, rows) : none()] };
}

/**
 * Return the rows that all filters of an address let through.
 * @param {Run} run
 * @param {Params} params
 */
function matching(run, params) {
  const shownLabels = new Set(run.overview.confusion.classes);
  const found = new Set(params.search ? findRows(run, params.search) : []);
  const predicted = (/** @type {number} */ row) => run.text('predicted', row);
  /** @type {[name: string, test: (row: number) => boolean][]} */
  const tests = [
    ['class', (row) => run.text('class_name', row) === params.class],
    ['predicted', (row) => predicted(row) === params.predicted],
    ['split', (row) => run.text('split', row) === params.split],
    ['correct', (row) => String(run.correct(row)) === params.correct],
    ['cluster', (row) => String(run.columns.cluster[row]) === params.cluster],
    ['other', (row) => predicted(row) !== null && !shownLabels.has(predicted(row) ?? '')],
    ['search', (row) => found.has(row)],
  ];
  const wanted = tests.filter(([name]) => params[name]).map(([, test]) => test);
  return run.rowsWhere((row) => wanted.every((test) => test(row)));
}

/**
 * @param {Run} run
 * @param {number[]} rows
 * @param {string} order
 */
function ordered(run, rows, order) {
  const [, keyOf] = ORDERS[Object.hasOwn(ORDERS, order) ? order : ''];
  const keyed = rows.map((row) => ({ row, key: keyOf(run, row) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.row - b.row));
  return keyed.map(({ row }) => row);
}

/**
 * @param {Run} run
 * @param {Params} params
 * @returns {Child[]}
 */
function choosers(run, params) {
  const { class_name, predicted } = run.columns;
  /** @type {(name: string, label: string, options: Option[]) => Child} */
  const chooser = (name, label, options) =>
    select(`clips-${name}`, label, options, params[name] ?? '', (value) =>
      change({ [name]: value }, { step: true }),
    );
  /** @type {(values: string[]) => Option[]} */
  const any = (values) => [['', 'any'], ...values.map(named)];
  const clusters = [...new Set(run.columns.cluster)]
    .filter((each) => each >= -1)
    .sort((a, b) => a - b)
    .map((each) => /** @type {Option} */ ([String(each), each < 0 ? 'none' : String(each)]));
  return [
    chooser('class', 'Class', any(class_name.levels ?? run.facts.classes)),
    chooser('predicted', 'Predicted', any(predicted.levels ?? [])),
    chooser('split', 'Split', any(run.facts.splits)),
    chooser('correct', 'Model', [
      ['', 'right or wrong'],
      ['true', 'right'],
      ['false', 'wrong'],
    ]),
    clusters.length ? chooser('cluster', 'Cluster', [['', 'any'], ...clusters]) : null,
    chooser(
      'order',
      'Order',
      Object.entries(ORDERS).map(([value, [text]]) => [value, text]),
    ),
  ];
}

/**
 * @param {string} value
 * @returns {Option}
 */
const named = (value) => [value, value || 'no split'];

/**
 * Return a filter that was set elsewhere and can be removed.
 * @param {string} text
 * @param {string} name of its parameter
 */
const chip = (text, name) =>
  element(
    'button',
    {
      type: 'button',
      class: 'chip',
      title: 'Remove this filter',
      onclick: () => change({ [name]: null }, { step: true }),
    },
    text,
    ' ✕',
  );
