// Colours and marks that are distinct for every kind of colour vision, in light and dark.
// Categories: Paul Tol's "bright" set, then the same with another mark. Numbers: cividis; around a
// middle: blue, grey, orange. Colours of heatmaps are in `analysis/heatmaps/heatmap_picture.py`.

import { element } from '../core/dom.js';

/** @import { Mark } from '../map/dots.js' */
/** @typedef {[share: number, colour: string]} ColourStop */

export const CATEGORY_COLOURS = ['#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377'];
/** @type {Mark[]} */
const MARKS = ['circle', 'square', 'diamond', 'triangle-up'];
export const OTHER_COLOUR = '#9aa3ae';
export const MOST_CATEGORIES = CATEGORY_COLOURS.length * MARKS.length;

export const isDark = () => document.documentElement.dataset.theme === 'dark';

/**
 * Return the colour and mark of a category by its place in the legend.
 * @param {number} index
 */
export const categoryStyle = (index) => ({
  colour: CATEGORY_COLOURS[index % CATEGORY_COLOURS.length],
  mark: MARKS[Math.floor(index / CATEGORY_COLOURS.length) % MARKS.length],
});

const CIVIDIS = [
  '#00224e',
  '#123570',
  '#3b496c',
  '#575d6d',
  '#707173',
  '#8a8678',
  '#a59c74',
  '#c3b369',
  '#e1cc55',
  '#fee838',
];
// Cividis starts too dark for a dark page: blue to yellow as well, lighter at the low end.
/** @type {ColourStop[]} */
const ON_DARK = [
  [0, '#3f7fd0'],
  [0.5, '#a3a09a'],
  [1, '#ffe45c'],
];

/** @returns {ColourStop[]} */
export const sequential = () =>
  isDark() ? ON_DARK : CIVIDIS.map((colour, at) => [at / (CIVIDIS.length - 1), colour]);

/** @returns {ColourStop[]} */
export const diverging = () => [
  [0, '#2a6fbb'],
  [0.5, isDark() ? '#4a525c' : '#d9dde2'],
  [1, '#d95f02'],
];

/** @param {ColourStop[]} stops */
export const gradient = (stops) =>
  `linear-gradient(90deg, ${stops.map(([at, colour]) => `${colour} ${100 * at}%`).join(', ')})`;

/**
 * Return a colour of the style sheet.
 * @param {string} name
 */
export const styleColour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** @type {Record<Mark, string>} */
const SHAPES = {
  circle: 'M6 1a5 5 0 1 0 .01 0z',
  square: 'M1.5 1.5h9v9h-9z',
  diamond: 'M6 .5 11.5 6 6 11.5.5 6z',
  'triangle-up': 'M6 1l5.5 9.5H.5z',
  cross: 'M2 2l8 8M10 2l-8 8',
};

/**
 * Return a sample of a colour and mark.
 * @param {string} colour
 * @param {Mark} mark
 */
export const swatch = (colour, mark) =>
  element(
    'svg',
    { width: 12, height: 12, viewBox: '0 0 12 12', 'aria-hidden': 'true' },
    element('path', { d: SHAPES[mark], fill: colour }),
  );
