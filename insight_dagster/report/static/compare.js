// Two runs side by side: which clips flipped, which insights came, went or changed.

import { element, empty, select, table } from './dom.js';
import { count, number, points, share, words } from './format.js';
import { change, to } from './router.js';
import { openRun } from './run.js';
import { clipGrid } from './thumbs.js';

export async function compare({ run, runs, params }) {
  const title = element('h1', { tabindex: -1 }, 'Compare two runs');
  const others = runs.filter((each) => each.name !== run.name);
  if (!others.length) return [title, element('div', { class: 'panel' }, empty('There is one run', 'Every materialization of insight_report adds one; ten are kept.'))];
  const facts = others.find((each) => each.name === params.with) ?? others.find((each) => each.created_at < run.facts.created_at) ?? others[0];
  const before = await openRun(facts);
  const choose = select('with', 'Compare this run with', others.map((each) => [each.name, `${each.created_at}, model ${each.model_fingerprint || 'none'}`]), facts.name, (name) => change({ with: name }));
  const flips = flipped(before, run);
  return [
    title,
    element('div', { class: 'controls' }, choose),
    element('div', { class: 'tiles' }, tiles(before, run, flips)),
    clipsPart(run, 'Right before, wrong now', flips.lost, before),
    clipsPart(run, 'Wrong before, right now', flips.won, before),
    clipsPart(run, 'Wrong in another way', flips.moved, before),
    element('section', { 'aria-label': 'Insights' }, element('h2', {}, 'Insights'), element('div', { class: 'panel scroll' }, insightTable(before, run))),
  ];
}

// Rows of the present run by what became of the prediction.
function flipped(before, now) {
  const out = { lost: [], won: [], moved: [], common: 0, was: 0, is: 0 };
  for (let row = 0; row < now.rows; row += 1) {
    const old = before.rowOf.get(now.text('clip_id', row));
    if (old === undefined) continue;
    const [was, is] = [before.correct(old), now.correct(row)];
    if (was === null || is === null) continue;
    out.common += 1;
    out.was += was;
    out.is += is;
    if (was && !is) out.lost.push(row);
    else if (!was && is) out.won.push(row);
    else if (!was && before.text('predicted', old) !== now.text('predicted', row)) out.moved.push(row);
  }
  return out;
}

function tiles(before, now, flips) {
  const tile = (value, name, more) => element('div', { class: 'tile' }, element('span', {}, name), element('b', {}, value), element('small', {}, more));
  const change_ = flips.common ? (flips.is - flips.was) / flips.common : null;
  return [
    tile(flips.common.toLocaleString('en-GB'), 'clips in both', `${before.rows.toLocaleString('en-GB')} before, ${now.rows.toLocaleString('en-GB')} now`),
    tile(points(change_), 'accuracy on these', `${share(flips.common ? flips.was / flips.common : null)} before, ${share(flips.common ? flips.is / flips.common : null)} now`),
    tile(flips.lost.length, 'right before, wrong now', ''),
    tile(flips.won.length, 'wrong before, right now', ''),
    tile(now.facts.model_fingerprint === before.facts.model_fingerprint ? 'same' : 'another', 'model', now.facts.model_fingerprint || 'none'),
  ];
}

function clipsPart(run, title, rows, before) {
  const note = (row) => `was ${before.text('predicted', before.rowOf.get(run.text('clip_id', row)))}`;
  return element('section', { 'aria-label': title }, element('h2', {}, title, ' ', element('small', {}, count(rows.length, 'clip'))), rows.length ? clipGrid(run, rows, { first: 16, note }) : element('p', { class: 'soft' }, 'None.'));
}

function insightTable(before, now) {
  const key = (card) => card.ledger_id ?? card.insight_id;
  const old = new Map(before.cards.map((card) => [key(card), card]));
  const present = new Map(now.cards.map((card) => [key(card), card]));
  const rows = [...new Set([...present.keys(), ...old.keys()])].map((id) => [old.get(id), present.get(id)]);
  if (!rows.length) return empty('No insights in either run', 'Nothing to compare.');
  const body = rows.map(([was, is]) => {
    const card = is ?? was;
    const status = !was ? 'born' : !is ? 'resolved' : is.severity > was.severity * 1.1 ? 'regressed' : is.severity < was.severity * 0.9 ? 'improved' : 'steady';
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, element('span', { class: `status ${status}` }, status)),
      element('td', { class: 'wrap' }, element('span', { class: 'badge' }, words(card.kind)), ' ', is ? element('a', { href: to(['insight', is.insight_id]) }, is.sentence) : was.sentence),
      element('td', { class: 'number' }, number(was?.size ?? null)),
      element('td', { class: 'number' }, number(is?.size ?? null)),
      element('td', { class: 'number' }, number(was?.severity ?? null)),
      element('td', { class: 'number' }, number(is?.severity ?? null))
    );
  });
  return table('plain', [['', ''], ['insight', ''], ['clips then', 'number'], ['now', 'number'], ['severity then', 'number'], ['now', 'number']], body, 'Insights of both runs');
}
