// The drawing of the latent space by plotly: traces of dots, and what the user does with them.
// Belongs here: plotly. Does not: choosing colours (`colouring.js`), what a selection means.

import { middleRange } from './columns.js';
import { diverging, sequential, style } from './palette.js';

/* global Plotly */

export const AXES = { tsne: ['x', 'y'], pca: ['pca_x', 'pca_y'] };

// Without WebGL plotly draws the same dots as SVG: slower, but they are there.
let drawn = null;
const kind = () => {
  drawn ??= document.createElement('canvas').getContext('webgl') ? 'scattergl' : 'scatter';
  return drawn;
};

const taken = (values, rows) => Float32Array.from(rows, (row) => values[row]);

// Traces of groups of rows. `look`: { axes, members (Set or null), crosses, sizes (or null) }.
export function groupTraces(run, groups, look) {
  return groups.flatMap((group) => {
    const halves = look.crosses ? [group.rows.filter((row) => run.correct(row) !== false), group.rows.filter((row) => run.correct(row) === false)] : [group.rows, []];
    return halves.flatMap((rows, wrong) => faded(rows, look).map(([part, opacity]) => trace(run, part, look, { color: group.colour, symbol: wrong ? 'x' : group.mark, opacity }, group.hidden)));
  });
}

export function numberTraces(run, values, name, look, title) {
  const [low, high] = middleRange(values);
  const around = look.diverging;
  const reach = Math.max(Math.abs(low), Math.abs(high));
  const every = Array.from({ length: run.rows }, (_, row) => row);
  const known = every.filter((row) => Number.isFinite(values[row]));
  const unknown = every.filter((row) => !Number.isFinite(values[row]));
  const scale = {
    colorscale: around ? diverging() : sequential(),
    cmin: around ? -reach : low,
    cmax: around ? reach : high,
  };
  const parts = faded(known, look);
  const colorbar = { title: { text: title, side: 'right', font: { size: 12 } }, thickness: 12, len: 0.9, outlinewidth: 0, tickfont: { size: 11 } };
  return [
    ...(unknown.length ? [trace(run, unknown, look, { color: style('faint'), opacity: 0.25, symbol: 'circle' })] : []),
    ...parts.map(([rows, opacity], at) =>
      trace(run, rows, look, { color: taken(values, rows), ...scale, opacity, symbol: 'circle', showscale: at === parts.length - 1, colorbar })
    ),
  ];
}

// Rows outside an outlined group are drawn faintly, before those inside.
function faded(rows, { members }) {
  if (!members) return rows.length ? [[rows, 0.85]] : [];
  const halves = [[rows.filter((row) => !members.has(row)), 0.16], [rows.filter((row) => members.has(row)), 0.95]];
  return halves.filter(([part]) => part.length);
}

// Dots at the places of some rows.
function dots(run, rows, { axes: [x, y] }) {
  return { type: kind(), mode: 'markers', x: taken(run.columns[x], rows), y: taken(run.columns[y], rows), showlegend: false };
}

function trace(run, rows, look, marker, hidden) {
  return {
    ...dots(run, rows, look),
    rows,
    hoverinfo: 'none',
    visible: !hidden,
    marker: { size: look.sizes ? rows.map((row) => look.sizes[row]) : baseSize(run.rows), ...marker },
    selected: { marker: { opacity: 1 } },
    unselected: { marker: { opacity: 0.3 } },
  };
}

const baseSize = (rows) => (rows > 50000 ? 3 : rows > 5000 ? 5 : rows > 1500 ? 6 : 8);

// Sizes that tell the loss: the area grows with it.
export function lossSizes(run) {
  const [, high] = middleRange(run.columns.loss);
  const base = baseSize(run.rows);
  return Float32Array.from(run.columns.loss, (loss) => (Number.isFinite(loss) ? base * (0.6 + 1.9 * Math.sqrt(Math.min(1, Math.max(0, loss) / Math.max(high, 1e-6)))) : base * 0.6));
}

export function ringTrace(run, rows, look, { size = 15, colour }) {
  return {
    ...dots(run, rows, look),
    hoverinfo: 'skip',
    marker: { size, symbol: 'circle-open', color: colour, line: { width: 2 } },
  };
}

// The closed outline of the nine in ten points nearest to the middle of a group.
export function outlineTrace(run, rows, look, colour) {
  const [x, y] = look.axes.map((axis) => run.columns[axis]);
  const points = Array.from(rows, (row) => [x[row], y[row]]).filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
  if (points.length < 5) return null;
  const middle = [0, 1].map((axis) => points.map((point) => point[axis]).sort((a, b) => a - b)[points.length >> 1]);
  points.sort((a, b) => Math.hypot(a[0] - middle[0], a[1] - middle[1]) - Math.hypot(b[0] - middle[0], b[1] - middle[1]));
  const corners = hull(points.slice(0, Math.ceil(0.9 * points.length)));
  const closed = [...corners, corners[0]];
  return {
    type: kind(),
    mode: 'lines',
    x: closed.map((point) => point[0]),
    y: closed.map((point) => point[1]),
    hoverinfo: 'skip',
    showlegend: false,
    line: { color: colour, width: 2 },
  };
}

function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const turn = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
  const half = (given) => {
    const out = [];
    for (const point of given) {
      while (out.length >= 2 && turn(out[out.length - 2], out[out.length - 1], point) <= 0) out.pop();
      out.push(point);
    }
    return out.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

export function draw(target, traces, mode) {
  const axis = { showgrid: false, zeroline: false, showticklabels: false, ticks: '' };
  const layout = {
    margin: { l: 8, r: 8, t: 8, b: 8 },
    paper_bgcolor: style('panel'),
    plot_bgcolor: style('panel'),
    font: { color: style('soft'), family: getComputedStyle(document.body).fontFamily },
    modebar: { bgcolor: 'rgba(0,0,0,0)', color: style('faint'), activecolor: style('accent') },
    hovermode: 'closest',
    dragmode: mode,
    uirevision: 'kept',
    xaxis: axis,
    yaxis: { ...axis, scaleanchor: 'x' },
  };
  const options = { displaylogo: false, responsive: true, scrollZoom: true, modeBarButtons: [['zoom2d', 'pan2d', 'select2d', 'lasso2d', 'zoomIn2d', 'zoomOut2d', 'resetScale2d']] };
  return Plotly.react(target, traces, layout, options);
}

// Rows inside a polygon of [x, y] corners.
export function rowsInside(run, axes, corners) {
  const [x, y] = axes.map((axis) => run.columns[axis]);
  const out = [];
  for (let row = 0; row < run.rows; row += 1) if (inside(x[row], y[row], corners)) out.push(row);
  return out;
}

function inside(x, y, corners) {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return false;
  let within = false;
  for (let at = 0, before = corners.length - 1; at < corners.length; before = at, at += 1) {
    const [[ax, ay], [bx, by]] = [corners[at], corners[before]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}

// The polygon of plotly's lasso or box.
export function cornersOf(event) {
  if (event?.lassoPoints) return event.lassoPoints.x.map((x, at) => [x, event.lassoPoints.y[at]]);
  if (event?.range) {
    const [[left, right], [bottom, top]] = [event.range.x, event.range.y];
    return [[left, bottom], [right, bottom], [right, top], [left, top]];
  }
  return null;
}
