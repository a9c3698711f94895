// Two runs side by side: clips that changed, came or went, and what became of the insights.

import { clipChanges, insightChanges } from '../core/comparison.js';
import { select } from '../core/controls.js';
import { element, empty } from '../core/dom.js';
import { count, number, points, share, words } from '../core/format.js';
import { change, to } from '../core/router.js';
import { openRun, runLabel } from '../core/run.js';
import { numberCell, rowHeading, table, tableRow, textCell } from '../core/tables.js';
import { clipGrid } from '../parts/thumbnails.js';

/** @import { ClipChanges } from '../core/comparison.js' */
/** @import { ListedRun } from '../core/data.js' */
/** @import { Heading } from '../core/tables.js' */
/** @import { Run } from '../core/run.js' */
/** @import { View, ViewContext } from './view.js' */

const CLIPS_SHOWN = 16;

/** @type {View} */
export async function compare(context) {
  const { run, runs } = context;
  const title = element('h1', { tabindex: -1 }, 'Compare two runs');
  if (runs.length < 2) {
    const none = empty(
      'There is only one run',
      'Materializing insight_report with other results adds one; the ten newest are kept.',
    );
    return { parts: [title, element('div', { class: 'panel' }, none)] };
  }
  const at = runs.findIndex((each) => each.name === run.name);
  const other = otherRun(context, at);
  const pair = [run, await openRun(other)];
  const [now, before] = runs.indexOf(other) > at ? pair : pair.reverse();
  const changes = clipChanges(before, now);
  const span = `From ${before.facts.created_at} (before) to ${now.facts.created_at} (now).`;
  return {
    parts: [
      title,
      element('p', { class: 'lead' }, span),
      element('div', { class: 'controls' }, runChooser(run, runs, other)),
      element('div', { class: 'tiles' }, tiles(before, now, changes)),
      clipSections(before, now, changes),
      element(
        'section',
        { 'aria-label': 'Insights' },
        element('h2', {}, 'Insights'),
        element('div', { class: 'panel scroll' }, insightTable(before, now)),
      ),
    ],
  };
}

/**
 * Return the run to compare with: the one asked for, else the one before, else the one after.
 * @param {ViewContext} context
 * @param {number} at place of the run that is shown
 */
const otherRun = ({ run, runs, params }, at) =>
  runs.find((each) => each.name === params.with && each.name !== run.name) ??
  runs[at + 1] ??
  runs[at - 1];

/**
 * @param {Run} run
 * @param {ListedRun[]} runs
 * @param {ListedRun} other
 */
function runChooser(run, runs, other) {
  /** @type {[string, string][]} */
  const options = runs
    .filter((each) => each.name !== run.name)
    .map((each) => [each.name, runLabel(each)]);
  return select('with', 'Compare with', options, other.name, (name) =>
    change({ with: name }, { step: true }),
  );
}

/**
 * @param {Run} before
 * @param {Run} now
 * @param {ClipChanges} changes
 */
function clipSections(before, now, changes) {
  const earlier = (/** @type {number} */ row) => changes.earlier.get(row) ?? -1;
  const prediction = (/** @type {number} */ row) =>
    `predicted ${before.text('predicted', earlier(row))} before`;
  const label = (/** @type {number} */ row) =>
    `was labelled ${before.text('class_name', earlier(row))}`;
  return [
    clipSection(now, 'Right before, wrong now', changes.worsened, prediction),
    clipSection(now, 'Wrong before, right now', changes.improved, prediction),
    clipSection(now, 'Wrong before and now, differently', changes.confused, prediction),
    clipSection(now, 'Relabelled', changes.relabelled, label),
    clipSection(now, 'New clips', changes.added),
    clipSection(before, 'Removed clips', changes.removed),
  ];
}

/**
 * @param {Run} run
 * @param {string} title
 * @param {number[]} rows
 * @param {(row: number) => string | null} note
 */
function clipSection(run, title, rows, note = () => null) {
  const howMany = rows.length ? count(rows.length, 'clip') : 'none';
  return element(
    'section',
    { 'aria-label': title, class: rows.length ? null : 'none' },
    element('h2', {}, title, ' ', element('small', {}, howMany)),
    rows.length ? clipGrid(run, rows, { first: CLIPS_SHOWN, note }) : null,
  );
}

/**
 * @param {string | number} value
 * @param {string} name
 * @param {string} [more]
 */
const tile = (value, name, more = '') =>
  element(
    'div',
    { class: 'tile' },
    element('span', {}, name),
    element('b', {}, value),
    element('small', {}, more),
  );

/**
 * @param {string} name
 * @param {number | null} was
 * @param {number | null} is
 */
function accuracyTile(name, was, is) {
  const difference = was === null || is === null ? null : is - was;
  const both = `${share(was)} before, ${share(is)} now`;
  return tile(points(difference).replace(' points', ''), name, both);
}

/**
 * @param {Run} before
 * @param {Run} now
 * @param {ClipChanges} changes
 */
function tiles(before, now, changes) {
  const { added, removed, relabelled, scored, rightBefore, rightNow } = changes;
  const moved = `${added.length} new, ${removed.length} removed, ${relabelled.length} relabelled`;
  const sameModel = now.facts.model_fingerprint === before.facts.model_fingerprint;
  return [
    accuracyTile('accuracy, points', before.facts.accuracy, now.facts.accuracy),
    scored
      ? accuracyTile('points, clips in both', rightBefore / scored, rightNow / scored)
      : tile('–', 'points, clips in both', 'none in both'),
    tile(now.rows.toLocaleString('en-GB'), 'clips', moved),
    tile(changes.worsened.length, 'right before, wrong now'),
    tile(changes.improved.length, 'wrong before, right now'),
    tile(
      now.facts.quarantined.toLocaleString('en-GB'),
      'quarantined',
      `${before.facts.quarantined} before`,
    ),
    tile(sameModel ? 'same' : 'different', 'model', now.facts.model_fingerprint || 'none'),
  ];
}

/**
 * @param {Run} before
 * @param {Run} now
 */
function insightTable(before, now) {
  const rows = insightChanges(before, now).map((each) => {
    const [card, run] = each.now ? [each.now, now] : [each.before, before];
    if (!card) return null;
    const href = to(['insight', card.key], { run: run.name });
    return tableRow(
      rowHeading(element('span', { class: `status ${each.status}` }, each.status)),
      textCell(
        element('span', { class: 'badge' }, words(card.kind)),
        ' ',
        element('a', { href }, card.sentence),
      ),
      numberCell(number(each.before?.size)),
      numberCell(number(each.now?.size)),
      numberCell(number(each.before?.severity)),
      numberCell(number(each.now?.severity)),
    );
  });
  if (!rows.length) return empty('No insights in either run', 'Nothing to compare.');
  /** @type {Heading[]} */
  const headings = [
    '',
    'insight',
    ['clips before', 'number'],
    ['now', 'number'],
    ['severity before', 'number'],
    ['now', 'number'],
  ];
  return table('plain', headings, rows, 'Insights of both runs');
}
