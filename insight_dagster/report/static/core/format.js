// Numbers and names as people read them. Belongs here: text only, no elements.

export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (typeof value !== 'number') return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(1);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return Number(value.toFixed(digits)).toLocaleString('en-GB', { maximumFractionDigits: 3 });
}

export const count = (value, word) =>
  `${value.toLocaleString('en-GB')} ${word}${value === 1 ? '' : 's'}`;

export function share(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  // Nothing rounds to none or to all of them.
  const digits = (value > 0 && value < 0.1) || (value > 0.99 && value < 1) ? 1 : 0;
  return `${Math.min(value < 1 ? 99.9 : 100, 100 * value).toFixed(digits)} %`;
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
  return low === null || high === null || low === undefined
    ? ''
    : `${number(low)} to ${number(high)}`;
}

// A share of `trials` with Wilson's 95 % interval, as text.
export function wilson(successes, trials) {
  if (!trials) return '';
  const [z, p] = [1.96, successes / trials];
  const middle = (p + (z * z) / (2 * trials)) / (1 + (z * z) / trials);
  const half =
    (z / (1 + (z * z) / trials)) *
    Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials));
  return `95 % interval ${share(Math.max(0, middle - half))} to ${share(Math.min(1, middle + half))}`;
}

export const words = (name) => String(name).replaceAll('_', ' ');
