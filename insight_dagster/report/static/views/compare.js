// Two runs side by side: which clips flipped, came or went, which insights came, went or changed.

import { element, empty, select, table } from '../core/dom.js';
import { count, number, points, share, words } from '../core/format.js';
import { change, to } from '../core/router.js';
import { openRun, runLabel } from '../core/run.js';
import { clipGrid } from '../parts/thumbs.js';

export async function compare({ run, runs, params }) {
  const title = element('h1', { tabindex: -1 }, 'Compare two runs');
  if (runs.length < 2)
    return [
      title,
      element(
        'div',
        { class: 'panel' },
        empty(
          'There is one run',
          'A materialization of insight_report that finds something else adds one; ten are kept.',
        ),
      ),
    ];
  const at = runs.findIndex((each) => each.name === run.name);
  const other =
    runs.find((each) => each.name === params.with && each.name !== run.name) ??
    runs[at + 1] ??
    runs[at - 1];
  const pair = [run, await openRun(other)];
  const [now, before] = runs.indexOf(other) > at ? pair : pair.reverse();
  const choose = select(
    'with',
    'Compare with',
    runs.filter((each) => each.name !== run.name).map((each) => [each.name, runLabel(each)]),
    other.name,
    (name) => change({ with: name }, { step: true }),
  );
  const found = matched(before, now);
  return [
    title,
    element(
      'p',
      { class: 'lead' },
      `From ${before.facts.created_at} (before) to ${now.facts.created_at} (now).`,
    ),
    element('div', { class: 'controls' }, choose),
    element('div', { class: 'tiles' }, tiles(before, now, found)),
    clipsPart(now, 'Right before, wrong now', found.lost, found.said),
    clipsPart(now, 'Wrong before, right now', found.won, found.said),
    clipsPart(now, 'Wrong in another way', found.moved, found.said),
    clipsPart(
      now,
      'Labelled anew',
      found.relabelled,
      (row) => `was labelled ${before.text('class_name', found.old.get(row))}`,
    ),
    clipsPart(now, 'New clips', found.added),
    clipsPart(before, 'Clips that left', found.removed),
    element(
      'section',
      { 'aria-label': 'Insights' },
      element('h2', {}, 'Insights'),
      element('div', { class: 'panel scroll' }, insightTable(before, now)),
    ),
  ];
}

// Rows of the present run by what became of the clip. A clip is the same by its id, else by its
// contents: the id changes with the label.
function matched(before, now) {
  const out = {
    old: new Map(),
    lost: [],
    won: [],
    moved: [],
    relabelled: [],
    added: [],
    removed: [],
    common: 0,
    was: 0,
    is: 0,
  };
  const taken = new Set();
  const rowsOf = contents(before);
  const pair = (row, old) => {
    out.old.set(row, old);
    taken.add(old);
  };
  const left = [];
  for (let row = 0; row < now.rows; row += 1) {
    const old = before.rowOf.get(now.text('clip_id', row));
    if (old === undefined) left.push(row);
    else pair(row, old);
  }
  for (const row of left) {
    const old = rowsOf.get(now.text('content_key', row))?.find((each) => !taken.has(each));
    if (old === undefined) out.added.push(row);
    else {
      pair(row, old);
      if (before.text('class_name', old) !== now.text('class_name', row)) out.relabelled.push(row);
    }
  }
  for (let old = 0; old < before.rows; old += 1) if (!taken.has(old)) out.removed.push(old);
  for (const [row, old] of [...out.old].sort(([a], [b]) => a - b)) tell(out, before, now, row, old);
  out.said = (row) => `was taken for ${before.text('predicted', out.old.get(row))}`;
  return out;
}

function tell(out, before, now, row, old) {
  const [was, is] = [before.correct(old), now.correct(row)];
  if (was === null || is === null) return;
  out.common += 1;
  out.was += was;
  out.is += is;
  if (was && !is) out.lost.push(row);
  else if (!was && is) out.won.push(row);
  else if (!was && before.text('predicted', old) !== now.text('predicted', row))
    out.moved.push(row);
}

function contents(run) {
  const out = new Map();
  for (let row = 0; row < run.rows; row += 1) {
    const key = run.text('content_key', row);
    if (!out.has(key)) out.set(key, []);
    out.get(key).push(row);
  }
  return out;
}

const pointsOf = (change) => points(change).replace(' points', '');

function tiles(before, now, found) {
  const tile = (value, name, more) =>
    element(
      'div',
      { class: 'tile' },
      element('span', {}, name),
      element('b', {}, value),
      element('small', {}, more),
    );
  const [was, is] = [before.facts.accuracy, now.facts.accuracy];
  const onThese = found.common ? (found.is - found.was) / found.common : null;
  return [
    tile(
      was === null || is === null ? '–' : pointsOf(is - was),
      'accuracy, points',
      `${share(was)} before, ${share(is)} now`,
    ),
    tile(
      onThese === null ? '–' : pointsOf(onThese),
      'points, clips of both',
      found.common
        ? `${share(found.was / found.common)} before, ${share(found.is / found.common)} now`
        : 'none in both',
    ),
    tile(
      now.rows.toLocaleString('en-GB'),
      'clips',
      `${found.added.length} new, ${found.removed.length} left, ${found.relabelled.length} relabelled`,
    ),
    tile(found.lost.length, 'right before, wrong now', ''),
    tile(found.won.length, 'wrong before, right now', ''),
    tile(
      now.facts.quarantined.toLocaleString('en-GB'),
      'quarantined',
      `${before.facts.quarantined} before`,
    ),
    tile(
      now.facts.model_fingerprint === before.facts.model_fingerprint ? 'same' : 'another',
      'model',
      now.facts.model_fingerprint || 'none',
    ),
  ];
}

function clipsPart(run, title, rows, note = () => null) {
  if (!rows.length)
    return element(
      'section',
      { 'aria-label': title, class: 'none' },
      element('h2', {}, title, ' ', element('small', {}, 'none')),
    );
  return element(
    'section',
    { 'aria-label': title },
    element('h2', {}, title, ' ', element('small', {}, count(rows.length, 'clip'))),
    clipGrid(run, rows, { first: 16, note }),
  );
}

const ORDER = ['regressed', 'born', 'resolved', 'growing', 'shrinking', 'steady'];

// As the ledger tells it (`analysis/ledger.py`), between any two runs.
function statusOf(was, is, before, { grown, worse }) {
  if (!was) return wasResolved(is, before) ? 'regressed' : 'born';
  if (!is) return 'resolved';
  if (is.severity - was.severity > worse) return 'regressed';
  const by = is.size / Math.max(1, was.size) - 1;
  return by >= grown ? 'growing' : by <= -grown ? 'shrinking' : 'steady';
}

const wasResolved = (card, before) =>
  card.past.filter((each) => String(each.recorded_at) < before.facts.created_at).at(-1)?.status ===
  'resolved';

function insightTable(before, now) {
  const [old, present] = [before, now].map(
    (run) => new Map(run.cards.map((card) => [card.key, card])),
  );
  const rows = [...new Set([...present.keys(), ...old.keys()])].map((key) => ({
    was: old.get(key),
    is: present.get(key),
  }));
  if (!rows.length) return empty('No insights in either run', 'Nothing to compare.');
  for (const row of rows) row.status = statusOf(row.was, row.is, before, now.overview.rules);
  rows.sort(
    (a, b) =>
      ORDER.indexOf(a.status) - ORDER.indexOf(b.status) ||
      (b.is ?? b.was).severity - (a.is ?? a.was).severity,
  );
  const body = rows.map(({ was, is, status }) => {
    const card = is ?? was;
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, element('span', { class: `status ${status}` }, status)),
      element(
        'td',
        { class: 'wrap' },
        element('span', { class: 'badge' }, words(card.kind)),
        ' ',
        element(
          'a',
          { href: to(['insight', card.key], { run: (is ? now : before).name }) },
          card.sentence,
        ),
      ),
      element('td', { class: 'number' }, number(was?.size ?? null)),
      element('td', { class: 'number' }, number(is?.size ?? null)),
      element('td', { class: 'number' }, number(was?.severity ?? null)),
      element('td', { class: 'number' }, number(is?.severity ?? null)),
    );
  });
  return table(
    'plain',
    [
      ['', ''],
      ['insight', ''],
      ['clips then', 'number'],
      ['now', 'number'],
      ['severity then', 'number'],
      ['now', 'number'],
    ],
    body,
    'Insights of both runs',
  );
}
