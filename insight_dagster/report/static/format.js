// Numbers and names as people read them. Belongs here: text only, no elements.

Report.format = {
  number(value) {
    if (value === null || value === undefined) return '–';
    if (typeof value !== 'number') return String(value);
    const size = Math.abs(value);
    if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(1);
    const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
    return Number(value.toFixed(digits)).toLocaleString('en-GB', { maximumFractionDigits: 3 });
  },

  share(value) {
    if (value === null || value === undefined) return '–';
    return `${(100 * value).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %`;
  },

  q(value) {
    if (value === null || value === undefined) return '–';
    return value < 0.001 ? '< 0.001' : value.toFixed(3);
  },

  interval(low, high) {
    if (low === null || high === null) return '';
    return `${Report.format.number(low)} to ${Report.format.number(high)}`;
  },

  words(name) {
    return String(name).replaceAll('_', ' ');
  },

  fileName(path) {
    return String(path).split('/').pop();
  },
};
