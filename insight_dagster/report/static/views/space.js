// The latent space: one dot a clip, its colours, what is outlined, searched for and selected.

import { element, empty, fill, option, segmented, select } from '../core/dom.js';
import { count, number, words } from '../core/format.js';
import { change, to } from '../core/router.js';
import { choices, groupsOf, isCategory, isDiverging, titleOf } from '../map/colouring.js';
import { outline, rowsInside } from '../map/geometry.js';
import { Looks, scaleOf } from '../map/looks.js';
import { Scatter } from '../map/scatter.js';
import { selectionPanel } from '../map/selection.js';
import { gradient, swatch } from '../parts/palette.js';
import { clipTile, thumb, uncover } from '../parts/thumbs.js';

const AXES = { tsne: ['x', 'y'], pca: ['pca_x', 'pca_y'] };
const MOST_CORNERS = 60;

export async function space({ run, params }) {
  const title = element('h1', { tabindex: -1 }, 'Latent space');
  if (!run.facts.placed)
    return [
      title,
      element(
        'div',
        { class: 'panel' },
        empty(
          'No latent space yet',
          'It is fitted once embeddings exist: materialize latent_space, then projection.',
        ),
      ),
    ];
  const view = new SpaceView(run);
  const trust = run.facts.space?.trustworthiness;
  const lead = element(
    'p',
    { class: 'lead' },
    'One dot a clip; clips that the model sees alike lie together. ',
    trust
      ? `The t-SNE layout keeps neighbours with a trustworthiness of ${number(trust)} (1 is perfect).`
      : '',
  );
  return Object.assign([title, lead, ...view.parts], {
    mounted: () => view.show(params),
    update: (next) => view.show(next.params),
    left: () => view.map.close(),
  });
}

class SpaceView {
  constructor(run) {
    this.run = run;
    this.hidden = new Set();
    this.controls = element('div', { class: 'controls' });
    this.note = element('p', { class: 'outlined', 'aria-live': 'polite' });
    this.map = new Scatter({
      hover: (row, event) => this.hover(row, event),
      pick: (row) => change({ clip: run.text('clip_id', row) }),
      area: (corners, scale) =>
        change({
          area:
            corners &&
            thinned(corners)
              .flat()
              .map((value) => rounded(value, scale))
              .join(','),
        }),
    });
    this.legend = element('div', { class: 'legend' });
    this.tip = element('div', { class: 'tip', hidden: true });
    this.side = element('aside', {
      class: 'panel',
      id: 'side',
      'aria-live': 'polite',
      'aria-label': 'Selection',
    });
    this.parts = [
      this.controls,
      element(
        'div',
        { class: 'map' },
        element(
          'div',
          { class: 'panel plot-panel' },
          this.note,
          this.map.root,
          this.tip,
          this.legend,
        ),
        this.side,
      ),
    ];
  }

  async show(params) {
    this.params = params;
    const known = choices(this.run).some(([, options]) =>
      options.some(([name]) => name === params.colour),
    );
    const colour = known ? params.colour : 'class_name';
    if (this.colour !== colour) this.hidden.clear();
    this.colour = colour;
    this.groups = isCategory(colour)
      ? groupsOf(this.run, colour).map((group) => ({
          ...group,
          hidden: this.hidden.has(group.text),
        }))
      : null;
    this.card = params.insight ? this.run.card(params.insight) : null;
    const axes = params.layout === 'pca' ? AXES.pca : AXES.tsne;
    [this.x, this.y] = axes.map((axis) => this.run.columns[axis]);
    const corners = cornersFrom(params.area);
    const unseen = new Set(
      (this.groups ?? []).filter((group) => group.hidden).flatMap((group) => group.rows),
    );
    this.selected =
      corners && rowsInside(this.x, this.y, corners).filter((row) => !unseen.has(row));
    this.drawControls();
    await Promise.all([this.drawPlot(), this.drawSide()]);
  }

  drawControls() {
    const { run, params, colour } = this;
    const groups = choices(run).map(([label, options]) =>
      element(
        'optgroup',
        { label },
        options.map(([value, text]) => option(value, text, colour)),
      ),
    );
    fill(
      this.controls,
      segmented(
        'Layout',
        [
          ['tsne', 't-SNE'],
          ['pca', 'PCA'],
        ],
        params.layout ?? 'tsne',
        (layout) => change({ layout, area: null }),
      ),
      element(
        'label',
        {},
        'Colour ',
        element(
          'select',
          { id: 'colour', onchange: (event) => change({ colour: event.target.value }) },
          groups,
        ),
      ),
      this.toggle('crosses for wrong predictions', params.crosses !== 'no', (on) =>
        change({ crosses: on ? null : 'no' }),
      ),
      this.toggle('size by loss', params.size === 'loss', (on) =>
        change({ size: on ? 'loss' : null }),
      ),
      select(
        'outline',
        'Outline',
        [
          ['', 'nothing'],
          ...run.cards.map((card) => [
            card.key,
            `#${card.rank + 1} ${words(card.kind)}: ${card.class_name}`,
          ]),
        ],
        this.card?.key ?? '',
        (insight) => change({ insight }),
      ),
    );
  }

  toggle(text, checked, choose) {
    return element(
      'label',
      { class: 'check' },
      element('input', {
        type: 'checkbox',
        id: text.replaceAll(' ', '-'),
        checked,
        onchange: (event) => choose(event.target.checked),
      }),
      ` ${text}`,
    );
  }

  async drawPlot() {
    const { run, params, card, selected, x, y, colour, groups } = this;
    const looks = new Looks(run.rows);
    if (groups) {
      looks.byGroup(groups);
      fill(
        this.legend,
        groups.map((group, at) => this.legendEntry(group, at)),
      );
    } else {
      const values = await run.field(colour);
      if (this.params !== params) return;
      const scale = scaleOf(values, isDiverging(colour));
      looks.byNumber(values, scale);
      fill(this.legend, scaleBar(titleOf(run, colour), scale, values.some(Number.isNaN)));
    }
    if (params.crosses !== 'no') looks.cross(run);
    if (params.size === 'loss') looks.sizeBy(run.columns.loss);
    const stressed = selected ?? card?.rows;
    if (stressed) looks.stress(new Set(stressed));
    fill(
      this.note,
      card
        ? [
            element(
              'span',
              {},
              'Outlined: ',
              element('a', { href: to(['insight', card.key]) }, card.sentence),
            ),
          ]
        : [],
    );
    this.map.show({
      x,
      y,
      looks,
      label: `Map of ${count(run.facts.placed, 'clip')} coloured by ${titleOf(run, colour)}; Clips lists the same clips. Arrow keys move it, plus and minus zoom.`,
      outline: card ? outline(x, y, card.rows) : [],
      area: cornersFrom(params.area),
      found: run.rowOf.get(params.clip) ?? null,
    });
  }

  legendEntry(group, at) {
    const toggle = () => {
      if (!this.hidden.delete(group.text)) this.hidden.add(group.text);
      this.show(this.params);
    };
    return element(
      'button',
      {
        type: 'button',
        id: `legend-${at}`,
        'aria-pressed': String(!group.hidden),
        title: group.text,
        onclick: toggle,
      },
      swatch(group.colour, group.mark),
      element('span', { class: 'label' }, group.text),
      element('span', { class: 'faint' }, group.rows.length.toLocaleString('en-GB')),
    );
  }

  hover(row, event) {
    this.tip.hidden = row === null;
    if (row === null) return;
    if (row !== this.tipRow) this.fillTip(row);
    this.tipRow = row;
    const box = this.map.root.parentElement.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    Object.assign(this.tip.style, {
      left: `${Math.min(x + 14, box.width - 290)}px`,
      top: `${Math.max(0, y - 60)}px`,
    });
  }

  fillTip(row) {
    const { run } = this;
    const said = run.text('predicted', row);
    const picture = thumb(run, row, 1.5);
    uncover(picture);
    fill(
      this.tip,
      picture,
      element(
        'span',
        {},
        element('b', {}, run.fileName(row)),
        element('br'),
        run.text('class_name', row),
        run.text('split', row) ? `, ${run.text('split', row)}` : '',
        element('br'),
        said === null ? 'no prediction' : `says ${said}, loss ${number(run.number('loss', row))}`,
      ),
    );
  }

  async drawSide() {
    const { run, params } = this;
    const parts = [];
    const row = params.clip === undefined ? undefined : run.rowOf.get(params.clip);
    if (row !== undefined) {
      parts.push(
        element('h2', {}, 'Clip'),
        clipTile(run, row),
        element(
          'p',
          { class: 'note' },
          element('a', { href: to(['clip', params.clip]) }, 'Open its page'),
        ),
      );
    } else if (params.clip) parts.push(empty('No such clip', 'This run has no clip of that id.'));
    if (this.selected)
      parts.push(...(await selectionPanel(run, this.selected, () => change({ area: null }))));
    if (this.params !== params) return;
    if (!parts.length)
      parts.push(
        empty('Nothing selected', 'Draw around dots to compare them with the rest, or click one.'),
      );
    fill(this.side, parts);
  }
}

// A colour scale with its ends; values beyond them have the colour of the end.
function scaleBar(title, { low, high, stops }, gaps) {
  return element(
    'div',
    { class: 'scale' },
    element('span', {}, title),
    element('span', {}, `≤ ${number(low)}`),
    element('i', { style: { background: gradient(stops) } }),
    element('span', {}, `≥ ${number(high)}`),
    gaps && element('span', { class: 'faint' }, 'grey: unknown'),
  );
}

// A place to a tenth of a pixel.
const rounded = (value, scale) =>
  Number(value.toFixed(Math.max(0, Math.min(20, 1 + Math.ceil(Math.log10(scale))))));

function thinned(corners) {
  const step = Math.max(1, Math.ceil(corners.length / MOST_CORNERS));
  return corners.filter((_, at) => at % step === 0);
}

function cornersFrom(text) {
  const values = (text ?? '').split(',').map(Number);
  if (values.length < 6 || values.length % 2 || !values.every(Number.isFinite)) return null;
  return Array.from({ length: values.length / 2 }, (_, at) => [values[2 * at], values[2 * at + 1]]);
}
