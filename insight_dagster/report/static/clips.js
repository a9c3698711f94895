// Clips as a list, chosen by class, prediction, split and correctness, the highest loss first.

import { download, element, empty, select } from './dom.js';
import { count } from './format.js';
import { change } from './router.js';
import { exported } from './selection.js';
import { clipGrid } from './thumbs.js';

export async function clips({ run, params }) {
  const title = element('h1', { tabindex: -1 }, 'Clips');
  if (!run.rows) return [title, element('div', { class: 'panel' }, empty('No clips yet', 'Materialize clip_manifest, then measurements.'))];
  const chooser = (name, label, values) => select(`clips-${name}`, label, [['', 'any'], ...values.map((value) => [value, value || 'no split'])], params[name] ?? '', (value) => change({ [name]: value }));
  const tests = [
    [params.class, (row) => run.text('class_name', row) === params.class],
    [params.predicted, (row) => run.text('predicted', row) === params.predicted],
    [params.split, (row) => run.text('split', row) === params.split],
    [params.correct, (row) => String(run.correct(row)) === params.correct],
  ].filter(([wanted]) => wanted);
  const rows = [];
  for (let row = 0; row < run.rows; row += 1) if (tests.every(([, test]) => test(row))) rows.push(row);
  const loss = (row) => run.number('loss', row) ?? -1;
  rows.sort((a, b) => loss(b) - loss(a));
  return [
    title,
    element(
      'div',
      { class: 'controls' },
      chooser('class', 'Class', run.columns.class_name.levels ?? run.facts.classes),
      chooser('predicted', 'Predicted', run.columns.predicted.levels ?? []),
      chooser('split', 'Split', run.facts.splits),
      select('clips-correct', 'Model', [['', 'right or wrong'], ['true', 'right'], ['false', 'wrong']], params.correct ?? '', (correct) => change({ correct })),
      element('span', { role: 'status' }, count(rows.length, 'clip')),
      element('button', { type: 'button', onclick: () => download('clips.csv', exported(run, rows)) }, 'Export (CSV)')
    ),
    rows.length ? clipGrid(run, rows) : empty('No such clip', 'Choose another class, prediction or split.'),
  ];
}
