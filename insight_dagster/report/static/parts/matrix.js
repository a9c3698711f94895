// The confusion matrix; every cell opens its clips.

import { element, empty, segmented, table } from '../core/dom.js';
import { share } from '../core/format.js';
import { change, to } from '../core/router.js';

export function matrix(run, split) {
  const { confusion } = run.overview;
  if (!confusion.classes.length)
    return empty(
      'No predictions yet',
      'Materialize embeddings: the matrix appears once the model has seen the clips.',
    );
  const at = Math.max(0, confusion.splits.indexOf(split));
  const choose =
    confusion.splits.length > 2
      ? segmented(
          'Split',
          confusion.splits.map((each) => [each, each || 'all splits']),
          confusion.splits[at],
          (value) => change({ split: value }),
        )
      : null;
  const rows = confusion.counts[at];
  const others = rows.some((row) => row.other);
  const headings = [
    ['labelled', ''],
    ...confusion.classes.map((name) => [name, 'column']),
    ...(others ? [['other labels', 'column']] : []),
    ['clips', 'column'],
  ];
  const body = rows.map((row, index) => {
    const total = row.counts.reduce((sum, each) => sum + each, row.other);
    const name = confusion.classes[index];
    const cells = row.counts.map((each, column) =>
      cell(
        each,
        total,
        column === index,
        '',
        to(['clips'], {
          class: name,
          predicted: confusion.classes[column],
          split: confusion.splits[at],
        }),
      ),
    );
    const most = row.most.map(([label, each]) => `${label}: ${each}`).join('\n');
    if (others)
      cells.push(
        cell(
          row.other,
          total,
          false,
          most,
          to(['clips'], { class: name, other: 'yes', split: confusion.splits[at] }),
        ),
      );
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      cells,
      element('td', { class: 'soft' }, String(total)),
    );
  });
  const note =
    confusion.left_out > 0
      ? element(
          'p',
          { class: 'note' },
          `The classes with most errors are shown; ${confusion.left_out} more are left out.`,
        )
      : null;
  return [
    choose,
    table(
      confusion.classes.length > 8 ? 'matrix many' : 'matrix',
      headings,
      body,
      'Confusion matrix',
    ),
    note,
  ];
}

function cell(count, total, own, hint, href) {
  const part = total ? count / total : 0;
  const tone = own ? 'good' : 'bad';
  const style = count
    ? {
        background: `color-mix(in srgb, var(--${tone}) ${Math.round(7 + 45 * part)}%, var(--panel))`,
      }
    : {};
  const shown = count
    ? element('a', { href }, String(count), element('small', {}, share(part)))
    : element('span', { class: 'faint' }, '·');
  return element('td', { class: own ? 'own' : null, style, title: hint || null }, shown);
}
