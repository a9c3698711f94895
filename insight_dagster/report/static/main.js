// Starts the page, shows the view that the address names, and keeps to it as it changes.

import { element, empty, fill, select } from './core/dom.js';
import { change, parse, to, went } from './core/router.js';
import { onPage, openRun, runLabel } from './core/run.js';
import { load } from './core/store.js';
import { isDark } from './parts/palette.js';
import { searchBox } from './parts/search.js';
import { showAllThumbs } from './parts/thumbs.js';
import { clip } from './views/clip.js';
import { clips } from './views/clips.js';
import { compare } from './views/compare.js';
import { insight } from './views/insight.js';
import { insights } from './views/insights.js';
import { overview } from './views/overview.js';
import { space } from './views/space.js';
import { words } from './views/words.js';

const VIEWS = { overview, space, insights, insight, clips, clip, compare, words };
const NAVIGATION = [
  ['overview', 'Overview'],
  ['space', 'Latent space'],
  ['insights', 'Insights'],
  ['clips', 'Clips'],
  ['compare', 'Compare'],
];
const main = document.getElementById('view');
const nothing = { key: '', update: null, left: null };
const places = new Map(); // how far each address was scrolled, for the way back
let shown = nothing;
let [turn, knownRuns, clicked, address] = [0, null, false, location.hash];

function theme() {
  const apply = (dark) => {
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  };
  apply(matchMedia('(prefers-color-scheme: dark)').matches);
  document.getElementById('theme').addEventListener('click', () => {
    apply(!isDark());
    shown = { ...shown, update: null };
    show();
  });
}

async function show() {
  turn += 1;
  const own = turn;
  const { path, params } = parse(location.hash);
  try {
    knownRuns ??= load('runs', 'runs.js');
    const runs = await knownRuns;
    if (!runs.length) return fill(main, empty('No runs', 'Materialize insight_report.'));
    const wanted = params.run ? runs.find((each) => each.name === params.run) : runs[0];
    if (!wanted)
      throw new Error(`There is no run “${params.run}”: ten are kept, and the list above has them`);
    const run = await openRun(wanted);
    const view = path[0] ?? 'overview';
    if (!Object.hasOwn(VIEWS, view))
      throw new Error(`There is no view “${view}”; the links above lead to those that there are`);
    if (own === turn) await enter(view, { run, runs, path, params }, own);
  } catch (problem) {
    if (own !== turn) return null;
    knownRuns = null;
    leave();
    fill(main, element('h1', { tabindex: -1 }, 'This cannot be shown'), empty(problem.message, ''));
    console.error(problem);
  } finally {
    if (own === turn) main.dataset.ready = String(own);
  }
  return null;
}

// Shows a view, or hands new parameters to the one that is there.
async function enter(view, context, own) {
  const { run, runs, path } = context;
  frame(runs, run, view);
  const key = `${view}/${run.name}/${path.slice(1).join('/')}`;
  if (key === shown.key && shown.update) return shown.update(context);
  const parts = await VIEWS[view](context);
  if (own !== turn) return parts.left?.();
  const same = key === shown.key;
  leave();
  shown = { key, update: parts.update ?? null, left: parts.left ?? null };
  fill(main, parts);
  await parts.mounted?.();
  document.title = `${main.querySelector('h1')?.textContent ?? ''} · ${run.facts.title}`;
  const back = clicked ? undefined : places.get(location.hash);
  if (!same) scrollTo({ top: back ?? 0, behavior: 'instant' });
  else if (back !== undefined && !went.byChange) scrollTo({ top: back, behavior: 'instant' });
  clicked = false;
  went.byChange = false;
  if (!same && own > 1) main.querySelector('h1')?.focus({ preventScroll: true });
  return null;
}

function leave() {
  shown.left?.();
  shown = nothing;
}

function frame(runs, run, name) {
  onPage.name = run.name;
  const links = NAVIGATION.map(([view, text]) =>
    element('a', { href: to([view]), 'aria-current': view === name ? 'page' : null }, text),
  );
  fill(document.getElementById('sections'), links);
  fill(
    document.getElementById('runs'),
    select(
      'run',
      'Run',
      runs.map((each) => [each.name, runLabel(each)]),
      run.name,
      (value) => change({ run: value }, { step: true }),
    ),
  );
  fill(
    document.getElementById('find'),
    searchBox(run, name, document.getElementById('search')?.value ?? ''),
  );
}

theme();
history.scrollRestoration = 'manual';
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
document.addEventListener(
  'click',
  (event) => {
    clicked = Boolean(event.target.closest?.('a'));
  },
  true,
);
document.addEventListener('scroll', () => places.set(address, scrollY), { passive: true });
window.addEventListener('hashchange', () => {
  address = location.hash;
  show();
});
window.addEventListener('beforeprint', showAllThumbs);
document.addEventListener('keydown', (event) => {
  if (
    event.key !== '/' ||
    event.ctrlKey ||
    event.metaKey ||
    /INPUT|SELECT|TEXTAREA/.test(document.activeElement?.tagName)
  )
    return;
  event.preventDefault();
  document.getElementById('search')?.focus();
});
show();
