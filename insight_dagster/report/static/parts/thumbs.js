// Small pictures of clips: one tile of an atlas, which is read when it comes into view.

import { element } from '../core/dom.js';
import { number } from '../core/format.js';
import { to } from '../core/router.js';
import { onPage } from '../core/run.js';

const [SIDE, SIZE] = [16, 64];

const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) if (entry.isIntersecting) uncover(entry.target);
  },
  { rootMargin: '200px' },
);

export function uncover(target) {
  if (target.dataset.atlas) target.style.backgroundImage = `url("${target.dataset.atlas}")`;
  seen.unobserve(target);
}

// For paper, where nothing comes into view later.
export const showAllThumbs = () => document.querySelectorAll('.thumb[data-atlas]').forEach(uncover);

const shownBefore = new Map(); // how many clips each address showed, for the way back

// A square of the clip's middle frame, or a dash where the site has no picture of it.
export function thumb(run, row, scale = 1) {
  const place = run.atlasPlaces[row];
  const size = SIZE * scale;
  if (place < 0)
    return element(
      'span',
      { class: 'thumb none', style: { width: `${size}px`, height: `${size}px` } },
      '–',
    );
  const [atlas, tile] = [run.thumbs[Math.floor(place / SIDE ** 2)], place % SIDE ** 2];
  const made = element('span', {
    class: 'thumb',
    'data-atlas': atlas,
    style: {
      width: `${size}px`,
      height: `${size}px`,
      backgroundSize: `${SIDE * size}px auto`,
      backgroundPosition: `${-(tile % SIDE) * size}px ${-Math.floor(tile / SIDE) * size}px`,
    },
  });
  seen.observe(made);
  return made;
}

// A clip as a link with its picture, its class, whether the model is right, and a note.
export function clipTile(run, row, note) {
  const [said, right] = [run.text('predicted', row), run.correct(row)];
  const verdict = right === null ? '' : right ? '✓ ' : '✗ ';
  const told = said === null ? 'no prediction' : `${verdict}${said}`;
  return element(
    'a',
    {
      class: `tile-link${right === false ? ' wrong' : ''}`,
      href: to(
        ['clip', run.text('clip_id', row)],
        run.name === onPage.name ? {} : { run: run.name },
      ),
      title: run.text('path', row),
    },
    thumb(run, row),
    element(
      'span',
      { class: 'tile-text' },
      element('b', {}, run.text('class_name', row)),
      element('span', {}, told),
      element('span', { class: 'soft' }, note ?? ofClip(run, row)),
    ),
  );
}

const ofClip = (run, row) =>
  [
    run.text('split', row),
    run.number('loss', row) === null ? '' : `loss ${number(run.number('loss', row))}`,
  ]
    .filter(Boolean)
    .join(', ');

// A grid of clips that grows on demand.
export function clipGrid(run, rows, { first = 48, note = () => null } = {}) {
  const grid = element('div', { class: 'grid' });
  const more = element('button', { type: 'button', class: 'quiet' });
  const key = `${location.hash} ${first}`;
  let shown = 0;
  const grow = (by) => {
    const next = Array.from(rows.slice(shown, shown + by));
    grid.append(...next.map((row, at) => clipTile(run, row, note(row, shown + at))));
    shown += next.length;
    more.hidden = shown >= rows.length;
    more.textContent = `Show more (${(rows.length - shown).toLocaleString('en-GB')} left)`;
  };
  more.addEventListener('click', () => {
    grow(first);
    shownBefore.set(key, shown);
  });
  grow(shownBefore.get(key) ?? first);
  return element('div', {}, grid, more);
}
