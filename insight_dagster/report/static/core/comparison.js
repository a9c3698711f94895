// What became of clips and insights between two runs. Not here: how it is shown.

/** @import { ChangeRules } from './data.js' */
/** @import { Card } from './insight_data.js' */
/** @import { Run } from './run.js' */

/** From the worst news to the best. */
export const STATUSES = ['regressed', 'born', 'resolved', 'growing', 'shrinking', 'steady'];

/**
 * What became of clips: rows of the later run, but `removed`, which are of the earlier one.
 * @typedef {object} ClipChanges
 * @property {Map<number, number>} earlier the earlier row of each clip that was there before
 * @property {number[]} worsened right before, wrong now
 * @property {number[]} improved wrong before, right now
 * @property {number[]} confused wrong before and now, with another prediction
 * @property {number[]} relabelled
 * @property {number[]} added
 * @property {number[]} removed
 * @property {number} scored clips with a prediction of a known label in both runs
 * @property {number} rightBefore of these
 * @property {number} rightNow of these
 */
/** @typedef {{ before?: Card, now?: Card, status: string }} InsightChange */

/**
 * Return what became of clips. A clip is the same by its id, else by its contents: the id changes
 * with the label.
 * @param {Run} before
 * @param {Run} now
 * @returns {ClipChanges}
 */
export function clipChanges(before, now) {
  const { earlier, relabelled, added } = matched(before, now);
  const taken = new Set(earlier.values());
  /** @type {ClipChanges} */
  const changes = {
    earlier,
    relabelled,
    added,
    removed: before.rowsWhere((row) => !taken.has(row)),
    worsened: [],
    improved: [],
    confused: [],
    scored: 0,
    rightBefore: 0,
    rightNow: 0,
  };
  for (const [row, old] of [...earlier].sort(([a], [b]) => a - b)) {
    const [was, is] = [before.correct(old), now.correct(row)];
    if (was === null || is === null) continue;
    changes.scored += 1;
    changes.rightBefore += Number(was);
    changes.rightNow += Number(is);
    if (was && !is) changes.worsened.push(row);
    else if (!was && is) changes.improved.push(row);
    else if (!was && before.text('predicted', old) !== now.text('predicted', row)) {
      changes.confused.push(row);
    }
  }
  return changes;
}

/**
 * @param {Run} before
 * @param {Run} now
 */
function matched(before, now) {
  /** @type {Map<number, number>} */
  const earlier = new Map();
  const unmatched = now.rowsWhere((row) => {
    const old = before.rowOf.get(now.text('clip_id', row));
    if (old !== undefined) earlier.set(row, old);
    return old === undefined;
  });
  const taken = new Set(earlier.values());
  const byContents = rowsByContents(before);
  /** @type {{ relabelled: number[], added: number[] }} */
  const { relabelled, added } = { relabelled: [], added: [] };
  for (const row of unmatched) {
    const same = byContents.get(now.text('content_key', row)) ?? [];
    const old = same.find((each) => !taken.has(each));
    if (old === undefined) added.push(row);
    else {
      earlier.set(row, old);
      taken.add(old);
      if (before.text('class_name', old) !== now.text('class_name', row)) relabelled.push(row);
    }
  }
  return { earlier, relabelled, added };
}

/** @param {Run} run */
function rowsByContents(run) {
  /** @type {Map<string, number[]>} */
  const out = new Map();
  for (let row = 0; row < run.rows; row += 1) {
    const key = run.text('content_key', row);
    const rows = out.get(key);
    if (rows) rows.push(row);
    else out.set(key, [row]);
  }
  return out;
}

/**
 * Return what became of insights, the worst news first, then the most severe.
 * @param {Run} before
 * @param {Run} now
 * @returns {InsightChange[]}
 */
export function insightChanges(before, now) {
  const [old, present] = [before, now].map(
    (run) => new Map(run.cards.map((card) => [card.key, card])),
  );
  const keys = new Set([...present.keys(), ...old.keys()]);
  const changes = [...keys].map((key) => {
    const pair = { before: old.get(key), now: present.get(key) };
    return { ...pair, status: statusOf(pair, before, now.overview.rules) };
  });
  const severity = (/** @type {InsightChange} */ each) => (each.now ?? each.before)?.severity ?? 0;
  const rank = (/** @type {InsightChange} */ each) => STATUSES.indexOf(each.status);
  return changes.sort((a, b) => rank(a) - rank(b) || severity(b) - severity(a));
}

/**
 * Return the status of an insight by the ledger's rule, which `ledger.py` has between runs that
 * follow one another.
 * @param {{ before?: Card, now?: Card }} pair
 * @param {Run} run before
 * @param {ChangeRules} rules
 */
function statusOf({ before, now }, run, { grown, worse }) {
  if (!now) return 'resolved';
  if (!before) return wasResolved(now, run) ? 'regressed' : 'born';
  if (now.severity - before.severity > worse) return 'regressed';
  const growth = now.size / Math.max(1, before.size) - 1;
  return growth >= grown ? 'growing' : growth <= -grown ? 'shrinking' : 'steady';
}

/**
 * @param {Card} card
 * @param {Run} run
 */
const wasResolved = (card, run) =>
  card.past.filter((line) => line.sequence <= run.facts.ledger_sequence).at(-1)?.status ===
  'resolved';
