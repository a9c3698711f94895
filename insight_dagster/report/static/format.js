// Numbers and names as people read them. Belongs here: text only, no elements.

export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (typeof value !== 'number') return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(1);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return Number(value.toFixed(digits)).toLocaleString('en-GB', { maximumFractionDigits: 3 });
}

export const count = (value, word) => `${value.toLocaleString('en-GB')} ${word}${value === 1 ? '' : 's'}`;

export function share(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  return `${(100 * value).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %`;
}

export function points(value) {
  if (value === null || value === undefined) return '–';
  return `${value > 0 ? '+' : ''}${(100 * value).toFixed(1)} points`;
}

export function q(value) {
  if (value === null || value === undefined) return '–';
  return value < 0.001 ? '< 0.001' : value.toFixed(3);
}

export function interval(low, high) {
  return low === null || high === null || low === undefined ? '' : `${number(low)} to ${number(high)}`;
}

export const words = (name) => String(name).replaceAll('_', ' ');
