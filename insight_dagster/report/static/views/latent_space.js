// The latent space: one dot for each clip, its colours, what is outlined, searched for and selected.

import { checkbox, option, segmented, select, valueOfControl } from '../core/controls.js';
import { element, empty, fill } from '../core/dom.js';
import { count, number, words } from '../core/format.js';
import { change, to } from '../core/router.js';
import { areaCorners, areaText } from '../map/area.js';
import { choices, groupsOf, isCategory, isDiverging, titleOf } from '../map/colouring.js';
import { DotStyles, scaleOf } from '../map/dot_styles.js';
import { outline, rowsInside } from '../map/geometry.js';
import { Legend } from '../map/legend.js';
import { Scatter } from '../map/scatter.js';
import { Tooltip } from '../map/tooltip.js';
import { selectionPanel } from '../parts/selection_panel.js';
import { clipTile } from '../parts/thumbnails.js';

/** @import { Card } from '../core/insight_data.js' */
/** @import { Params } from '../core/router.js' */
/** @import { Run } from '../core/run.js' */
/** @import { Point } from '../map/geometry.js' */
/** @import { View } from './view.js' */

/** @type {View} */
export async function latentSpace({ run, params }) {
  const title = element('h1', { tabindex: -1 }, 'Latent space');
  if (!run.facts.placed) {
    const none = empty(
      'No latent space yet',
      'It is fitted once embeddings exist: materialize latent_space, then projection.',
    );
    return { parts: [title, element('div', { class: 'panel' }, none)] };
  }
  const view = new LatentSpaceView(run);
  const trust = run.facts.space?.trustworthiness;
  const lead = element(
    'p',
    { class: 'lead' },
    'Each dot is a clip; clips with similar embeddings lie close together. ',
    trust && `Trustworthiness of the t-SNE layout: ${number(trust)} (1 is perfect).`,
  );
  return {
    parts: [title, lead, ...view.parts],
    mounted: () => view.show(params),
    update: (next) => view.show(next.params),
    left: () => view.map.close(),
  };
}

/** What an address asks to show, read from its parameters. */
class State {
  /**
   * @param {Run} run
   * @param {Params} params
   */
  constructor(run, params) {
    this.params = params;
    this.colour = isChoice(run, params.colour) ? params.colour : 'class_name';
    this.layout = params.layout === 'pca' ? 'pca' : 'tsne';
    this.x = run.columns[this.layout === 'pca' ? 'pca_x' : 'x'];
    this.y = run.columns[this.layout === 'pca' ? 'pca_y' : 'y'];
    this.crosses = params.crosses !== 'no';
    this.sizeByLoss = params.size === 'loss';
    /** @type {Card | null} the outlined insight */
    this.card = params.insight ? run.card(params.insight) : null;
    /** @type {Point[] | null} */
    this.area = areaCorners(params.area);
    /** @type {number | null} */
    this.clip = run.rowOf.get(params.clip) ?? null;
  }
}

/**
 * @param {Run} run
 * @param {string | undefined} colour
 */
const isChoice = (run, colour) =>
  choices(run).some(([, options]) => options.some(([name]) => name === colour));

class LatentSpaceView {
  /** @param {Run} run */
  constructor(run) {
    this.run = run;
    this.state = new State(run, {});
    /** @type {number[] | null} */
    this.selected = null;
    this.controls = element('div', { class: 'controls' });
    this.note = element('p', { class: 'outlined', 'aria-live': 'polite' });
    this.legend = new Legend();
    this.tooltip = new Tooltip(run);
    this.map = new Scatter({
      hover: (row, event) => this.tooltip.show(row, event),
      pick: (row) => change({ clip: run.text('clip_id', row) }),
      area: (corners, scale) => change({ area: corners && areaText(corners, scale) }),
    });
    this.side = element('aside', {
      class: 'panel',
      id: 'side',
      'aria-live': 'polite',
      'aria-label': 'Selection',
    });
    const plot = [this.note, this.map.root, this.tooltip.root, this.legend.root];
    this.parts = [
      this.controls,
      element(
        'div',
        { class: 'map' },
        element('div', { class: 'panel plot-panel' }, plot),
        this.side,
      ),
    ];
  }

  /** @param {Params} params */
  async show(params) {
    const state = new State(this.run, params);
    if (this.state.colour !== state.colour) this.legend.reset();
    this.state = state;
    const hidden = new Set(this.groups().flatMap((group) => (group.hidden ? group.rows : [])));
    const inside = state.area && rowsInside(state.x, state.y, state.area);
    this.selected = inside?.filter((row) => !hidden.has(row)) ?? null;
    this.drawControls();
    await Promise.all([this.drawPlot(), this.drawSide()]);
  }

  groups() {
    const { run, state, legend } = this;
    return isCategory(state.colour) ? legend.marked(groupsOf(run, state.colour)) : [];
  }

  drawControls() {
    const { run, state } = this;
    const groups = choices(run).map(([label, options]) =>
      element(
        'optgroup',
        { label },
        options.map(([value, text]) => option(value, text, state.colour)),
      ),
    );
    const chooseColour = (/** @type {Event} */ event) => change({ colour: valueOfControl(event) });
    /** @type {[string, string][]} */
    const cards = run.cards.map((card) => [
      card.key,
      `#${card.rank + 1} ${words(card.kind)}: ${card.class_name}`,
    ]);
    fill(
      this.controls,
      segmented(
        'Layout',
        [
          ['tsne', 't-SNE'],
          ['pca', 'PCA'],
        ],
        state.layout,
        (layout) => change({ layout, area: null }),
      ),
      element(
        'label',
        {},
        'Colour ',
        element('select', { id: 'colour', onchange: chooseColour }, groups),
      ),
      checkbox('crosses for wrong predictions', state.crosses, (on) =>
        change({ crosses: on ? null : 'no' }),
      ),
      checkbox('size by loss', state.sizeByLoss, (on) => change({ size: on ? 'loss' : null })),
      select('outline', 'Outline', [['', 'nothing'], ...cards], state.card?.key ?? '', (insight) =>
        change({ insight }),
      ),
    );
  }

  async drawPlot() {
    const { run, state, selected } = this;
    const styles = await this.coloured();
    if (this.state !== state) return;
    if (state.crosses) styles.crossWrong(run);
    if (state.sizeByLoss) styles.sizeBy(run.columns.loss);
    const emphasized = selected ?? state.card?.rows;
    if (emphasized) styles.emphasize(new Set(emphasized));
    fill(this.note, state.card && outlinedNote(state.card));
    const title = titleOf(run, state.colour);
    this.map.show({
      x: state.x,
      y: state.y,
      styles,
      label: `Map of ${count(run.facts.placed, 'clip')} coloured by ${title}; Clips lists the same clips. Arrow keys move it, plus and minus zoom.`,
      outline: state.card ? outline(state.x, state.y, state.card.rows) : [],
      area: state.area,
      found: state.clip,
    });
  }

  /** Return dots in their colours and draw the legend, unless another view was asked for meanwhile. */
  async coloured() {
    const { run, state, legend } = this;
    const styles = new DotStyles(run.rows);
    if (isCategory(state.colour)) {
      const groups = this.groups();
      legend.drawGroups(groups, () => this.show(this.state.params));
      return styles.byGroup(groups);
    }
    const values = await run.numbers(state.colour);
    if (this.state !== state) return styles;
    const scale = scaleOf(values, isDiverging(state.colour));
    legend.drawScale(titleOf(run, state.colour), scale, values.some(Number.isNaN));
    return styles.byNumber(values, scale);
  }

  async drawSide() {
    const { run, state, selected } = this;
    const parts = clipPanel(run, state);
    if (selected)
      parts.push(...(await selectionPanel(run, selected, () => change({ area: null }))));
    if (this.state !== state) return;
    const hint = 'Draw around dots to compare them with the rest, or click one.';
    fill(this.side, parts.length ? parts : empty('Nothing selected', hint));
  }
}

/** @param {Card} card */
const outlinedNote = (card) =>
  element(
    'span',
    {},
    'Outlined: ',
    element('a', { href: to(['insight', card.key]) }, card.sentence),
  );

/**
 * Return the clip that was searched for or clicked.
 * @param {Run} run
 * @param {State} state
 * @returns {HTMLElement[]}
 */
function clipPanel(run, { clip, params }) {
  if (clip === null) {
    return params.clip ? [empty('No such clip', 'This run has no clip with this id.')] : [];
  }
  const link = element('a', { href: to(['clip', params.clip]) }, 'Open its page');
  return [element('h2', {}, 'Clip'), clipTile(run, clip), element('p', { class: 'note' }, link)];
}
