// The latent space: one dot a clip, its colours, what is outlined, searched for and selected.

import { choices, groupsOf, isCategory, isDiverging, titleOf } from './colouring.js';
import { element, empty, fill, option, segmented, select } from './dom.js';
import { number, words } from './format.js';
import { style, swatch } from './palette.js';
import { change, to } from './router.js';
import { AXES, cornersOf, draw, groupTraces, lossSizes, numberTraces, outlineTrace, ringTrace, rowsInside } from './scatter.js';
import { selectionPanel } from './selection.js';
import { clipTile, thumb } from './thumbs.js';

const MOST_CORNERS = 60;

export async function space({ run, params }) {
  const title = element('h1', { tabindex: -1 }, 'Latent space');
  if (!run.facts.placed) return [title, element('div', { class: 'panel' }, empty('No latent space yet', 'It is fitted once embeddings exist: materialize latent_space, then projection.'))];
  const view = new SpaceView(run);
  const trust = run.facts.space?.trustworthiness;
  const lead = element('p', { class: 'lead' }, 'One dot a clip; clips that the model sees alike lie together. ', trust ? `The t-SNE layout keeps neighbours with a trustworthiness of ${number(trust)} (1 is perfect).` : '');
  return Object.assign([title, lead, ...view.parts], { mounted: () => view.show(params), update: (next) => view.show(next.params) });
}

class SpaceView {
  constructor(run) {
    this.run = run;
    this.hidden = new Set();
    this.mode = matchMedia('(pointer: coarse)').matches ? 'pan' : 'lasso';
    this.controls = element('div', { class: 'controls' });
    this.note = element('p', { class: 'outlined', 'aria-live': 'polite' });
    this.plot = element('div', { id: 'plot', role: 'group', 'aria-label': 'Scatter plot of all clips; the same clips are listed under Clips' });
    this.legend = element('div', { class: 'legend' });
    this.tip = element('div', { class: 'tip', hidden: true });
    this.side = element('aside', { class: 'panel', id: 'side', 'aria-live': 'polite', 'aria-label': 'Selection' });
    this.parts = [this.controls, element('div', { class: 'map' }, element('div', { class: 'panel plot-panel' }, this.note, this.plot, this.tip, this.legend), this.side)];
  }

  async show(params) {
    this.params = params;
    if (this.colour !== params.colour) this.hidden.clear();
    this.colour = params.colour;
    this.card = params.insight ? this.run.card(params.insight) : null;
    this.look = {
      axes: AXES[params.layout] ?? AXES.tsne,
      members: this.card ? new Set(this.card.rows) : null,
      crosses: params.crosses !== 'no',
      sizes: params.size === 'loss' ? lossSizes(this.run) : null,
      diverging: isDiverging(params.colour),
    };
    this.drawControls();
    await this.drawPlot();
    await this.drawSide();
  }

  drawControls() {
    const { run, params } = this;
    const colour = params.colour ?? 'class_name';
    const groups = choices(run).map(([label, options]) => element('optgroup', { label }, options.map(([value, text]) => option(value, text, colour))));
    fill(
      this.controls,
      segmented('Layout', [['tsne', 't-SNE'], ['pca', 'PCA']], params.layout ?? 'tsne', (layout) => change({ layout, area: null })),
      element('label', {}, 'Colour ', element('select', { id: 'colour', onchange: (event) => change({ colour: event.target.value }) }, groups)),
      this.toggle('crosses for wrong predictions', params.crosses !== 'no', (on) => change({ crosses: on ? null : 'no' })),
      this.toggle('size by loss', params.size === 'loss', (on) => change({ size: on ? 'loss' : null })),
      select('outline', 'Outline', [['', 'nothing'], ...run.cards.map((card) => [card.insight_id, `#${card.rank + 1} ${words(card.kind)}: ${card.class_name}`])], params.insight ?? '', (insight) => change({ insight })),
      this.search()
    );
  }

  toggle(text, checked, choose) {
    return element('label', { class: 'check' }, element('input', { type: 'checkbox', checked, onchange: (event) => choose(event.target.checked) }), ` ${text}`);
  }

  search() {
    const find = (event) => {
      event.preventDefault();
      const wanted = event.target.elements.wanted.value.trim();
      const row = findClip(this.run, wanted);
      if (row !== null) change({ clip: this.run.text('clip_id', row) });
      else event.target.elements.wanted.setCustomValidity(wanted ? 'No clip has this id or path' : '');
      event.target.elements.wanted.reportValidity();
    };
    const input = element('input', { type: 'search', name: 'wanted', id: 'search', placeholder: 'clip id or path', 'aria-label': 'Search a clip by id or path', value: this.params.clip ?? '', oninput: (event) => event.target.setCustomValidity('') });
    return element('form', { class: 'search', onsubmit: find }, input, element('button', { type: 'submit' }, 'Find'));
  }

  async drawPlot() {
    const { run, look, params } = this;
    const colour = params.colour ?? 'class_name';
    let traces;
    if (isCategory(colour)) {
      const groups = groupsOf(run, colour).map((group) => ({ ...group, hidden: this.hidden.has(group.text) }));
      traces = groupTraces(run, groups, look);
      fill(this.legend, groups.map((group) => this.legendEntry(group)));
    } else {
      traces = numberTraces(run, await run.field(colour), colour, look, titleOf(run, colour));
      fill(this.legend, element('span', { class: 'faint' }, `coloured by ${titleOf(run, colour)}; grey: unknown`));
    }
    if (this.card) {
      const outline = outlineTrace(run, this.card.rows, look, style('ink'));
      if (outline) traces.push(outline);
    }
    const clip = params.clip === undefined ? undefined : run.rowOf.get(params.clip);
    if (clip !== undefined) traces.push(ringTrace(run, [clip], look, { size: 20, colour: style('bad') }));
    this.traces = traces;
    fill(this.note, this.card ? [element('span', {}, 'Outlined: ', element('a', { href: to(['insight', this.card.insight_id]) }, this.card.sentence))] : []);
    await draw(this.plot, traces, this.mode);
    if (!this.bound) this.bind();
  }

  legendEntry(group) {
    const toggle = () => {
      if (!this.hidden.delete(group.text)) this.hidden.add(group.text);
      this.drawPlot();
    };
    return element(
      'button',
      { type: 'button', 'aria-pressed': String(!group.hidden), title: group.text, onclick: toggle },
      swatch(group.colour, group.mark),
      element('span', { class: 'label' }, group.text),
      element('span', { class: 'faint' }, group.rows.length.toLocaleString('en-GB'))
    );
  }

  bind() {
    this.bound = true;
    const rowOf = (event) => this.traces[event.points[0].curveNumber].rows?.[event.points[0].pointNumber];
    this.plot.on('plotly_click', (event) => {
      const row = rowOf(event);
      if (row !== undefined) change({ clip: this.run.text('clip_id', row) });
    });
    this.plot.on('plotly_selected', (event) => {
      const corners = cornersOf(event);
      if (corners) change({ area: thinned(corners).flat().map((value) => Number(value.toPrecision(5))).join(',') });
    });
    this.plot.on('plotly_deselect', () => change({ area: null }));
    this.plot.on('plotly_relayout', (event) => {
      if (event.dragmode) this.mode = event.dragmode;
    });
    this.plot.on('plotly_hover', (event) => this.hover(rowOf(event), event.event));
    this.plot.on('plotly_unhover', () => { this.tip.hidden = true; });
  }

  hover(row, event) {
    if (row === undefined) return;
    const { run } = this;
    const said = run.text('predicted', row);
    fill(
      this.tip,
      thumb(run, row, 1.5),
      element('span', {}, element('b', {}, run.fileName(row)), element('br'), run.text('class_name', row), run.text('split', row) ? `, ${run.text('split', row)}` : '', element('br'), said === null ? 'no prediction' : `says ${said}, loss ${number(run.number('loss', row))}`)
    );
    const box = this.plot.parentElement.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    Object.assign(this.tip.style, { left: `${Math.min(x + 14, box.width - 290)}px`, top: `${Math.max(0, y - 60)}px` });
    this.tip.hidden = false;
  }

  async drawSide() {
    const { run, params } = this;
    const parts = [];
    const row = params.clip === undefined ? undefined : run.rowOf.get(params.clip);
    if (row !== undefined) {
      parts.push(element('h2', {}, 'Clip'), clipTile(run, row), element('p', { class: 'note' }, element('a', { href: to(['clip', params.clip]) }, 'Open its page')));
    } else if (params.clip) parts.push(empty('No such clip', 'This run has no clip of that id.'));
    const corners = cornersFrom(params.area);
    if (corners) parts.push(...(await selectionPanel(run, rowsInside(run, this.look.axes, corners), () => change({ area: null }))));
    if (!parts.length) parts.push(empty('Nothing selected', 'Draw around dots to compare them with the rest, or click one.'));
    fill(this.side, parts);
  }
}

function findClip(run, wanted) {
  if (!wanted) return null;
  if (run.rowOf.has(wanted)) return run.rowOf.get(wanted);
  for (let row = 0; row < run.rows; row += 1) if (run.text('path', row) === wanted || run.text('clip_id', row).startsWith(wanted)) return row;
  for (let row = 0; row < run.rows; row += 1) if (run.text('path', row).includes(wanted)) return row;
  return null;
}

function thinned(corners) {
  const step = Math.max(1, Math.ceil(corners.length / MOST_CORNERS));
  return corners.filter((_, at) => at % step === 0);
}

function cornersFrom(text) {
  const values = (text ?? '').split(',').map(Number);
  if (values.length < 6 || values.length % 2 || !values.every(Number.isFinite)) return null;
  return Array.from({ length: values.length / 2 }, (_, at) => [values[2 * at], values[2 * at + 1]]);
}
