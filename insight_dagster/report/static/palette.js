// Colours and marks that stay apart for every kind of colour vision, on light and dark paper.
// Categories: Paul Tol's "bright" set, then the same with another mark. Numbers: cividis.

Report.palette = {
  colours: ['#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377'],
  marks: ['circle', 'square', 'diamond', 'triangle-up'],
  rest: '#9aa3ae',

  dark() {
    return document.documentElement.dataset.theme === 'dark';
  },

  category(index) {
    const { colours, marks } = Report.palette;
    return { colour: colours[index % colours.length], mark: marks[Math.floor(index / colours.length) % marks.length] };
  },

  // Cividis starts too dark for dark paper: there, the same blue to yellow, lighter at its low end.
  scale() {
    return Report.palette.dark() ? [[0, '#3f7fd0'], [0.5, '#a3a09a'], [1, '#ffe45c']] : 'Cividis';
  },

  most() {
    return Report.palette.colours.length * Report.palette.marks.length;
  },

  ink() {
    return getComputedStyle(document.documentElement).getPropertyValue('--ink').trim();
  },

  style(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  },

  swatch(colour, mark) {
    const shapes = {
      circle: 'M6 1a5 5 0 1 0 .01 0z',
      square: 'M1.5 1.5h9v9h-9z',
      diamond: 'M6 .5 11.5 6 6 11.5.5 6z',
      'triangle-up': 'M6 1l5.5 9.5H.5z',
      x: 'M2 .8 6 4.8 10 .8 11.2 2 7.2 6l4 4L10 11.2 6 7.2 2 11.2.8 10l4-4-4-4z',
    };
    return Report.element(
      'svg',
      { width: 12, height: 12, viewBox: '0 0 12 12', 'aria-hidden': 'true' },
      Report.element('path', { d: shapes[mark], fill: colour })
    );
  },
};
