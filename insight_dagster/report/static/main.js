// Starts the page, shows the view that the address names, and keeps to it as it changes.

import { clip } from './clip.js';
import { clips } from './clips.js';
import { compare } from './compare.js';
import { element, empty, fill, select } from './dom.js';
import { insight } from './insight.js';
import { insights } from './insights.js';
import { overview } from './overview.js';
import { isDark } from './palette.js';
import { change, parse, to } from './router.js';
import { openRun } from './run.js';
import { space } from './space.js';
import { load } from './store.js';

const VIEWS = { overview, space, insights, insight, clips, clip, compare };
const NAVIGATION = [['overview', 'Overview'], ['space', 'Latent space'], ['insights', 'Insights'], ['clips', 'Clips'], ['compare', 'Compare']];
const main = document.getElementById('view');
let shown = { key: '', update: null, left: null, turn: 0 };

function theme() {
  const apply = (dark) => { document.documentElement.dataset.theme = dark ? 'dark' : 'light'; };
  apply(matchMedia('(prefers-color-scheme: dark)').matches);
  document.getElementById('theme').addEventListener('click', () => {
    apply(!isDark());
    shown.update = null;
    show();
  });
}

async function show() {
  const turn = (shown.turn += 1);
  const { path, params } = parse(location.hash);
  const name = VIEWS[path[0]] ? path[0] : 'overview';
  try {
    const runs = await load('runs', 'runs.js');
    if (!runs.length) return fill(main, empty('No runs', 'Materialize insight_report.'));
    const facts = runs.find((each) => each.name === params.run) ?? runs[0];
    const run = await openRun(facts);
    frame(runs, run, name);
    const context = { run, runs, path, params };
    const key = `${name}/${run.name}/${path.slice(1).join('/')}`;
    if (key === shown.key && shown.update) {
      await shown.update(context);
      return null;
    }
    const parts = await VIEWS[name](context);
    if (turn !== shown.turn) return null;
    const same = key === shown.key;
    const focused = same && document.activeElement?.id;
    shown.left?.();
    shown = { ...shown, key, update: parts.update ?? null, left: parts.left ?? null };
    fill(main, parts);
    await parts.mounted?.();
    document.title = `${main.querySelector('h1')?.textContent ?? ''} · ${run.facts.title}`;
    if (focused) document.getElementById(focused)?.focus();
    else if (!same) {
      scrollTo(0, 0);
      if (turn > 1) main.querySelector('h1')?.focus({ preventScroll: true });
    }
  } catch (problem) {
    fill(main, element('h1', { tabindex: -1 }, 'This cannot be shown'), empty(problem.message, 'The page and its data may come from different versions.'));
    throw problem;
  } finally {
    if (turn === shown.turn) main.dataset.ready = String(turn);
  }
  return null;
}

function frame(runs, run, name) {
  const links = NAVIGATION.map(([view, text]) => element('a', { href: to([view]), 'aria-current': view === name ? 'page' : null }, text));
  fill(document.getElementById('sections'), links);
  const label = (each) => `${each.created_at}${each.model_fingerprint ? ` · ${each.model_fingerprint}` : ''}`;
  fill(document.getElementById('runs'), select('run', 'Run', runs.map((each) => [each.name, label(each)]), run.name, (value) => change({ run: value })));
}

theme();
window.addEventListener('hashchange', show);
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || /INPUT|SELECT|TEXTAREA/.test(document.activeElement?.tagName)) return;
  const search = document.getElementById('search');
  if (search) {
    event.preventDefault();
    search.focus();
  }
});
show();
