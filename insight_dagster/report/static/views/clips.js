// Clips as a list, chosen by class, prediction, split, cluster, text and correctness.

import { download, element, empty, select } from '../core/dom.js';
import { count } from '../core/format.js';
import { change } from '../core/router.js';
import { exported } from '../map/selection.js';
import { rowsNamed } from '../parts/search.js';
import { clipGrid } from '../parts/thumbs.js';

const ORDERS = {
  '': ['highest loss', (run) => (row) => -(run.number('loss', row) ?? -1)],
  lowest: ['lowest loss', (run) => (row) => run.number('loss', row) ?? Infinity],
  path: ['path', (run) => (row) => run.text('path', row)],
};

export async function clips({ run, params }) {
  const title = element('h1', { tabindex: -1 }, 'Clips');
  if (!run.rows)
    return [
      title,
      element(
        'div',
        { class: 'panel' },
        empty('No clips yet', 'Materialize clip_manifest, then measurements.'),
      ),
    ];
  const chooser = (name, label, values) =>
    select(
      `clips-${name}`,
      label,
      [['', 'any'], ...values.map((value) => [value, value || 'no split'])],
      params[name] ?? '',
      (value) => change({ [name]: value }, { step: true }),
    );
  const shownLabels = new Set(run.overview.confusion.classes);
  const named = params.search ? new Set(rowsNamed(run, params.search)) : null;
  const tests = [
    [params.class, (row) => run.text('class_name', row) === params.class],
    [params.predicted, (row) => run.text('predicted', row) === params.predicted],
    [params.split, (row) => run.text('split', row) === params.split],
    [params.correct, (row) => String(run.correct(row)) === params.correct],
    [params.cluster, (row) => String(run.columns.cluster[row]) === params.cluster],
    [
      params.other,
      (row) => run.text('predicted', row) !== null && !shownLabels.has(run.text('predicted', row)),
    ],
    [named, (row) => named.has(row)],
  ].filter(([wanted]) => wanted);
  const rows = [];
  for (let row = 0; row < run.rows; row += 1)
    if (tests.every(([, test]) => test(row))) rows.push(row);
  const [, keyOf] = ORDERS[Object.hasOwn(ORDERS, params.order ?? '') ? (params.order ?? '') : ''];
  const keys = new Map(rows.map((row) => [row, keyOf(run)(row)]));
  rows.sort((a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : a - b));
  const clusters = [...new Set(run.columns.cluster)]
    .filter((each) => each >= -1)
    .sort((a, b) => a - b);
  return [
    title,
    element(
      'div',
      { class: 'controls' },
      chooser('class', 'Class', run.columns.class_name.levels ?? run.facts.classes),
      chooser('predicted', 'Predicted', run.columns.predicted.levels ?? []),
      chooser('split', 'Split', run.facts.splits),
      select(
        'clips-correct',
        'Model',
        [
          ['', 'right or wrong'],
          ['true', 'right'],
          ['false', 'wrong'],
        ],
        params.correct ?? '',
        (correct) => change({ correct }, { step: true }),
      ),
      clusters.length
        ? select(
            'clips-cluster',
            'Cluster',
            [
              ['', 'any'],
              ...clusters.map((each) => [String(each), each < 0 ? 'in none' : String(each)]),
            ],
            params.cluster ?? '',
            (cluster) => change({ cluster }, { step: true }),
          )
        : null,
      select(
        'clips-order',
        'Order',
        Object.entries(ORDERS).map(([value, [text]]) => [value, text]),
        params.order ?? '',
        (order) => change({ order }, { step: true }),
      ),
      params.search
        ? chip(`“${params.search}”`, () => change({ search: null }, { step: true }))
        : null,
      params.other
        ? chip('labels outside the library', () => change({ other: null }, { step: true }))
        : null,
      element('span', { role: 'status' }, count(rows.length, 'clip')),
      element(
        'button',
        { type: 'button', onclick: () => download('clips.csv', exported(run, rows)) },
        'Export (CSV)',
      ),
    ),
    rows.length
      ? clipGrid(run, rows)
      : empty('No such clip', 'Choose another class, prediction or split.'),
  ];
}

const chip = (text, remove) =>
  element(
    'button',
    { type: 'button', class: 'chip', title: 'Show these and others', onclick: remove },
    text,
    ' ✕',
  );
