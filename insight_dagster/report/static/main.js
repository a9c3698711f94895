// Starts the page, shows the view that the address names, and follows the address as it changes.

import { select } from './core/controls.js';
import { byId, element, empty, fill } from './core/dom.js';
import { load } from './core/loader.js';
import { change, lastChange, parse, to } from './core/router.js';
import { openRun, runLabel, shownRun } from './core/run.js';
import { isDark } from './parts/palette.js';
import { searchBox } from './parts/search.js';
import { loadAllPictures } from './parts/thumbnails.js';
import { clip } from './views/clip.js';
import { clips } from './views/clips.js';
import { compare } from './views/compare.js';
import { glossary } from './views/glossary.js';
import { insight } from './views/insight.js';
import { insights } from './views/insights.js';
import { latentSpace } from './views/latent_space.js';
import { overview } from './views/overview.js';

/** @import { ListedRun } from './core/data.js' */
/** @import { Run } from './core/run.js' */
/** @import { View, ViewContext, ViewParts } from './views/view.js' */

/** @type {Record<string, View>} by the first part of their address */
const VIEWS = {
  overview,
  space: latentSpace,
  insights,
  insight,
  clips,
  clip,
  compare,
  words: glossary,
};
/** @type {[view: string, text: string][]} */
const NAVIGATION = [
  ['overview', 'Overview'],
  ['space', 'Latent space'],
  ['insights', 'Insights'],
  ['clips', 'Clips'],
  ['compare', 'Compare'],
];
const main = byId('view');
const NOTHING = /** @type {{ key: string } & Omit<ViewParts, 'parts'>} */ ({ key: '' });
let shown = NOTHING;
/** How often a view was asked for; only the last request is shown. */
let requests = 0;
/** @type {Promise<ListedRun[]> | null} */
let listedRuns = null;
/** @type {Map<string, number>} how far each address was scrolled, for the way back */
const scrolled = new Map();
let address = location.hash;
/** Whether the address changed by a click on a link, not by the way back. */
let clicked = false;

async function show() {
  requests += 1;
  const own = requests;
  const { path, params } = parse(location.hash);
  try {
    listedRuns ??= load('runs', 'runs.js');
    const runs = await listedRuns;
    if (!runs.length) {
      fill(main, empty('No runs', 'Materialize insight_report.'));
      return;
    }
    const run = await openRun(runNamed(runs, params.run));
    const view = path[0] ?? 'overview';
    if (!Object.hasOwn(VIEWS, view)) {
      throw new Error(`There is no view “${view}”; choose one in the bar above`);
    }
    if (own === requests) await enter(view, { run, runs, path, params }, own);
  } catch (problem) {
    if (own === requests) showProblem(/** @type {Error} */ (problem));
  } finally {
    if (own === requests) main.dataset.ready = String(own);
  }
}

/**
 * Return the run of a name, the newest one without a name.
 * @param {ListedRun[]} runs
 * @param {string | undefined} name
 */
function runNamed(runs, name) {
  const found = name ? runs.find((each) => each.name === name) : runs[0];
  if (!found) {
    throw new Error(
      `There is no run “${name}”: the ten newest are kept; choose one in the list above`,
    );
  }
  return found;
}

/** @param {Error} problem */
function showProblem(problem) {
  listedRuns = null;
  leave();
  const title = element('h1', { tabindex: -1 }, 'This cannot be shown');
  fill(main, title, empty(problem.message, ''));
  console.error(problem);
}

/**
 * Show a view, or hand new parameters to the one that is shown.
 * @param {string} view
 * @param {ViewContext} context
 * @param {number} own number of the request
 */
async function enter(view, context, own) {
  const { run, runs, path } = context;
  drawFrame(runs, run, view);
  const key = `${view}/${run.name}/${path.slice(1).join('/')}`;
  if (key === shown.key && shown.update) {
    await shown.update(context);
    return;
  }
  const { parts, ...hooks } = await VIEWS[view](context);
  if (own !== requests) {
    hooks.left?.();
    return;
  }
  const same = key === shown.key;
  leave();
  shown = { key, ...hooks };
  fill(main, parts);
  await hooks.mounted?.();
  const heading = main.querySelector('h1');
  document.title = `${heading?.textContent ?? ''} · ${run.facts.title}`;
  scroll(same);
  if (!same && own > 1) heading?.focus({ preventScroll: true });
}

/**
 * Scroll to where the address was left on the way back, else to the top of another view.
 * @param {boolean} same whether the view is the one shown before
 */
function scroll(same) {
  const before = clicked ? undefined : scrolled.get(location.hash);
  if (!same) scrollTo({ top: before ?? 0, behavior: 'instant' });
  else if (before !== undefined && !lastChange.byView) {
    scrollTo({ top: before, behavior: 'instant' });
  }
  clicked = false;
  lastChange.byView = false;
}

function leave() {
  shown.left?.();
  shown = NOTHING;
}

/**
 * Draw what is around every view: navigation, runs, search.
 * @param {ListedRun[]} runs
 * @param {Run} run
 * @param {string} name of the view
 */
function drawFrame(runs, run, name) {
  shownRun.name = run.name;
  const links = NAVIGATION.map(([view, text]) =>
    element('a', { href: to([view]), 'aria-current': view === name ? 'page' : null }, text),
  );
  /** @type {[string, string][]} */
  const options = runs.map((each) => [each.name, runLabel(each)]);
  const choose = (/** @type {string} */ value) => change({ run: value }, { step: true });
  const search = /** @type {HTMLInputElement | null} */ (document.getElementById('search'));
  fill(byId('sections'), links);
  fill(byId('runs'), select('run', 'Run', options, run.name, choose));
  fill(byId('find'), searchBox(run, name, search?.value ?? ''));
}

/** @param {boolean} dark */
function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}

function toggleTheme() {
  setTheme(!isDark());
  shown = { ...shown, update: undefined };
  show();
}

/** @param {Event} event */
function skipToContent(event) {
  event.preventDefault();
  main.focus();
}

/** @param {KeyboardEvent} event */
function focusSearch(event) {
  const typing = /INPUT|SELECT|TEXTAREA/.test(document.activeElement?.tagName ?? '');
  if (event.key !== '/' || event.ctrlKey || event.metaKey || typing) return;
  event.preventDefault();
  document.getElementById('search')?.focus();
}

function followAddress() {
  address = location.hash;
  show();
}

/** @param {Event} event */
function noticeClick(event) {
  clicked = event.target instanceof Element && event.target.closest('a') !== null;
}

setTheme(matchMedia('(prefers-color-scheme: dark)').matches);
history.scrollRestoration = 'manual';
byId('theme').addEventListener('click', toggleTheme);
document.querySelector('.skip')?.addEventListener('click', skipToContent);
document.addEventListener('click', noticeClick, true);
document.addEventListener('scroll', () => scrolled.set(address, scrollY), { passive: true });
document.addEventListener('keydown', focusSearch);
window.addEventListener('hashchange', followAddress);
window.addEventListener('beforeprint', loadAllPictures);
show();
