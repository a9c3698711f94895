// One clip: what the model saw and said, what was measured, its nearest clips and insights.

import { percentile } from '../core/columns.js';
import { bar, breakable, element, empty } from '../core/dom.js';
import { number, share, words } from '../core/format.js';
import { to } from '../core/router.js';
import { player } from '../parts/player.js';
import { clipTile } from '../parts/thumbs.js';

export async function clip({ run, path }) {
  const id = path[1] ?? '';
  const row = run.rowOf.get(id);
  if (row === undefined)
    return [
      element('h1', { tabindex: -1 }, 'No such clip'),
      element('div', { class: 'panel' }, missing(run, id)),
    ];
  const [fields, views] = await Promise.all([run.allFields(), run.views()]);
  const heats = unique(
    run.cards.flatMap((card) => card.examples).filter((example) => example.row === row),
  );
  return [
    element('h1', { tabindex: -1 }, run.fileName(row)),
    element(
      'div',
      { class: 'clip' },
      element('div', {}, player(run, row, heats)),
      element('div', {}, facts(run, row), topLabels(run, row, views)),
    ),
    insightsOf(run, row),
    element(
      'section',
      { 'aria-label': 'Measured' },
      element(
        'h2',
        {},
        'Measured ',
        element('small', {}, `and its place among the clips of ${run.text('class_name', row)}`),
      ),
      measures(run, row, fields),
    ),
    neighbours(run, row, views),
  ];
}

function missing(run, id) {
  const bad = run.overview.quarantine.find((each) => each.clip_id === id);
  if (bad)
    return [
      empty('This clip is quarantined', bad.problem ?? 'No reason was recorded.'),
      element('p', {}, element('code', {}, breakable(bad.path))),
    ];
  return empty(
    'This run has no clip of that id',
    'It may be in another run, or in quarantine: the overview lists it with the reason.',
  );
}

function unique(examples) {
  return [...new Map(examples.map((example) => [example.heat, example])).values()];
}

function facts(run, row) {
  const right = run.correct(row);
  const said = run.text('predicted', row);
  const cluster = run.columns.cluster[row];
  const rows = [
    [
      'class',
      element(
        'a',
        { href: to(['clips'], { class: run.text('class_name', row) }) },
        run.text('class_name', row),
      ),
    ],
    [
      'predicted',
      said === null ? 'nothing yet' : `${right === null ? '' : right ? '✓ ' : '✗ '}${said}`,
    ],
    ['own-class probability', share(run.number('probability', row))],
    ['loss', `${number(run.number('loss', row))} nat`],
    ['split', run.text('split', row) || 'none'],
    ['cluster', cluster < -1 ? 'not clustered' : cluster < 0 ? 'in none' : String(cluster)],
    ['path', element('code', {}, breakable(run.text('path', row)))],
    ['clip id', element('code', {}, run.text('clip_id', row))],
  ];
  return element(
    'div',
    { class: 'panel' },
    element(
      'dl',
      {},
      rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
    ),
    element(
      'a',
      { href: to(['space'], { clip: run.text('clip_id', row) }) },
      'In the latent space',
    ),
  );
}

function topLabels(run, row, views) {
  const [labels, probabilities] = [views.top(row), views.probabilities(row)];
  const known = Array.from(labels, (label, at) => [label, probabilities[at]]).filter(
    ([label]) => label >= 0,
  );
  if (!known.length) return null;
  const rows = known.map(([label, probability]) => {
    const name = views.labels[label] ?? `label ${label}`;
    const own = name === run.text('class_name', row);
    return element(
      'div',
      { class: `said${own ? ' own' : ''}` },
      element('span', { class: 'wrap' }, name, own ? element('small', {}, ' (its label)') : null),
      bar(probability, share(probability)),
      element('span', { class: 'number' }, share(probability)),
    );
  });
  return element('div', { class: 'panel' }, element('h2', {}, 'The model says'), rows);
}

function insightsOf(run, row) {
  const cards = run.cardsOf(row);
  if (!cards.length) return null;
  const items = cards.map((card) =>
    element(
      'li',
      {},
      element(
        'a',
        { href: to(['insight', card.key]) },
        element('span', { class: 'badge' }, words(card.kind)),
        ` ${card.sentence}`,
      ),
    ),
  );
  return element(
    'section',
    { 'aria-label': 'Insights' },
    element('h2', {}, 'In these insights'),
    element('ul', { class: 'plain-list panel' }, items),
  );
}

function measures(run, row, fields) {
  const own = run.rowsOfClass(run.text('class_name', row));
  const cells = fields.map((field) => {
    const value = field.values[row];
    const place = percentile(field.values, own, value);
    return element(
      'div',
      { class: 'measure', title: `${field.description}${field.unit ? ` [${field.unit}]` : ''}` },
      element('span', { class: 'name' }, words(field.name)),
      element(
        'span',
        { class: 'number' },
        number(value),
        /^[^\d]/.test(field.unit) && !Number.isNaN(value)
          ? element('small', { class: 'faint' }, ` ${field.unit}`)
          : null,
      ),
      element(
        'span',
        { class: 'rank' },
        place === null ? null : element('i', { style: { left: `${100 * place}%` } }),
      ),
      element(
        'span',
        { class: 'faint number' },
        place === null ? 'no value' : `percentile ${Math.round(100 * place)}`,
      ),
    );
  });
  return element('div', { class: 'panel measures' }, cells);
}

function neighbours(run, row, views) {
  const rows = Array.from(views.neighbours(row)).filter((each) => each >= 0);
  if (!rows.length) return null;
  return element(
    'section',
    { 'aria-label': 'Nearest clips' },
    element(
      'h2',
      {},
      'Nearest clips ',
      element('small', {}, 'in the latent space, the nearest first'),
    ),
    element(
      'div',
      { class: 'grid' },
      rows.map((each) => clipTile(run, each)),
    ),
  );
}
