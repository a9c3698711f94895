// Small pictures of clips: tiles of an atlas, which is loaded when one comes into view.

import { element } from '../core/dom.js';
import { number } from '../core/format.js';
import { to } from '../core/router.js';
import { shownRun } from '../core/run.js';

/** @import { Run } from '../core/run.js' */

const [TILES_ACROSS, TILE] = [16, 64];

const visible = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) loadPicture(/** @type {HTMLElement} */ (entry.target));
    }
  },
  { rootMargin: '200px' },
);

/**
 * Load the picture of a thumbnail at once.
 * @param {HTMLElement} target
 */
export function loadPicture(target) {
  const { atlas } = target.dataset;
  if (atlas) target.style.backgroundImage = `url("${atlas}")`;
  visible.unobserve(target);
}

/** Load all pictures, for paper: nothing comes into view there later. */
export const loadAllPictures = () => {
  for (const each of document.querySelectorAll('.thumb[data-atlas]')) {
    loadPicture(/** @type {HTMLElement} */ (each));
  }
};

/**
 * Return the middle frame of a clip, or a dash where the site has no picture of it.
 * @param {Run} run
 * @param {number} row
 * @param {number} scale
 */
export function thumbnail(run, row, scale = 1) {
  const place = run.thumbPlaces[row];
  const side = TILE * scale;
  const size = { width: `${side}px`, height: `${side}px` };
  if (place < 0) return element('span', { class: 'thumb none', style: size }, '–');
  const tile = place % TILES_ACROSS ** 2;
  const [column, line] = [tile % TILES_ACROSS, Math.floor(tile / TILES_ACROSS)];
  const made = element('span', {
    class: 'thumb',
    'data-atlas': run.thumbs[Math.floor(place / TILES_ACROSS ** 2)],
    style: {
      ...size,
      backgroundSize: `${TILES_ACROSS * side}px auto`,
      backgroundPosition: `${-column * side}px ${-line * side}px`,
    },
  });
  visible.observe(made);
  return made;
}

/**
 * Return a clip's prediction with a mark for right or wrong.
 * @param {Run} run
 * @param {number} row
 * @param {string} none what to say where there is none
 */
export function predictionText(run, row, none) {
  const [predicted, right] = [run.text('predicted', row), run.correct(row)];
  if (predicted === null) return none;
  return `${right === null ? '' : right ? '✓ ' : '✗ '}${predicted}`;
}

/**
 * Return a clip as a link with its picture, class, prediction, and a note.
 * @param {Run} run
 * @param {number} row
 * @param {string | null} [note] its split and loss by default
 */
export function clipTile(run, row, note) {
  const otherRun = run.name === shownRun.name ? {} : { run: run.name };
  return element(
    'a',
    {
      class: `tile-link${run.correct(row) === false ? ' wrong' : ''}`,
      href: to(['clip', run.text('clip_id', row)], otherRun),
      title: run.text('path', row),
    },
    thumbnail(run, row),
    element(
      'span',
      { class: 'tile-text' },
      element('b', {}, run.text('class_name', row)),
      element('span', {}, predictionText(run, row, 'no prediction')),
      element('span', { class: 'soft' }, note ?? splitAndLoss(run, row)),
    ),
  );
}

/**
 * @param {Run} run
 * @param {number} row
 */
function splitAndLoss(run, row) {
  const loss = run.number('loss', row);
  return [run.text('split', row), loss === null ? '' : `loss ${number(loss)}`]
    .filter(Boolean)
    .join(', ');
}

/** @type {Map<string, number>} how many clips each address showed, for the way back */
const shownBefore = new Map();

/**
 * Return a grid of clips that grows on demand.
 * @param {Run} run
 * @param {ArrayLike<number>} rows
 * @param {{ first?: number, note?: (row: number, at: number) => string | null }} options
 */
export function clipGrid(run, rows, { first = 48, note = () => null } = {}) {
  const all = Array.from(rows);
  const grid = element('div', { class: 'grid' });
  const more = element('button', { type: 'button', class: 'quiet' });
  const key = `${location.hash} ${first}`;
  let shown = 0;
  /** @param {number} by */
  const grow = (by) => {
    const next = all.slice(shown, shown + by);
    grid.append(...next.map((row, at) => clipTile(run, row, note(row, shown + at))));
    shown += next.length;
    more.hidden = shown >= all.length;
    more.textContent = `Show more (${(all.length - shown).toLocaleString('en-GB')} left)`;
  };
  more.addEventListener('click', () => {
    grow(first);
    shownBefore.set(key, shown);
  });
  grow(shownBefore.get(key) ?? first);
  return element('div', {}, grid, more);
}
