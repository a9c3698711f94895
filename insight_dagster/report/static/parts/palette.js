// Colours and marks that stay apart for every kind of colour vision, on light and dark paper.
// Categories: Paul Tol's "bright" set, then the same with another mark. Numbers: cividis;
// around a middle: blue, paper, orange.

import { element } from '../core/dom.js';

export const COLOURS = ['#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377'];
const MARKS = ['circle', 'square', 'diamond', 'triangle-up'];
export const REST = '#9aa3ae';
export const MOST = COLOURS.length * MARKS.length;

export const isDark = () => document.documentElement.dataset.theme === 'dark';

export const category = (index) => ({
  colour: COLOURS[index % COLOURS.length],
  mark: MARKS[Math.floor(index / COLOURS.length) % MARKS.length],
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

// Stops [share, colour]. Cividis starts too dark for dark paper: there, the same blue to yellow,
// lighter at its low end.
export const sequential = () =>
  isDark()
    ? [
        [0, '#3f7fd0'],
        [0.5, '#a3a09a'],
        [1, '#ffe45c'],
      ]
    : CIVIDIS.map((colour, at) => [at / (CIVIDIS.length - 1), colour]);

export const diverging = () => [
  [0, '#2a6fbb'],
  [0.5, isDark() ? '#4a525c' : '#d9dde2'],
  [1, '#d95f02'],
];

export const gradient = (stops) =>
  `linear-gradient(90deg, ${stops.map(([at, colour]) => `${colour} ${100 * at}%`).join(', ')})`;

export const style = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const SHAPES = {
  circle: 'M6 1a5 5 0 1 0 .01 0z',
  square: 'M1.5 1.5h9v9h-9z',
  diamond: 'M6 .5 11.5 6 6 11.5.5 6z',
  'triangle-up': 'M6 1l5.5 9.5H.5z',
};

export const swatch = (colour, mark) =>
  element(
    'svg',
    { width: 12, height: 12, viewBox: '0 0 12 12', 'aria-hidden': 'true' },
    element('path', { d: SHAPES[mark] ?? SHAPES.circle, fill: colour }),
  );
