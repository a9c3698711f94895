// Numbers and names as texts for people. Not here: elements.

/**
 * Return a number with about three digits; a dash where it is missing.
 * @param {number | null | undefined} value
 */
export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(1);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return Number(value.toFixed(digits)).toLocaleString('en-GB', { maximumFractionDigits: 3 });
}

/**
 * Return a count with its noun.
 * @param {number} value
 * @param {string} noun singular
 * @param {string} [plural]
 */
export const count = (value, noun, plural = `${noun}s`) =>
  `${value.toLocaleString('en-GB')} ${value === 1 ? noun : plural}`;

/**
 * Return a share as a percentage; a dash where it is missing.
 * @param {number | null | undefined} value
 */
export function share(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  // A share is shown as 0 % or 100 % only if it is exactly that.
  const digits = (value > 0 && value < 0.1) || (value > 0.99 && value < 1) ? 1 : 0;
  return `${Math.min(value < 1 ? 99.9 : 100, 100 * value).toFixed(digits)} %`;
}

/**
 * Return a difference of shares in percentage points, with its sign; a dash where it is missing.
 * @param {number | null | undefined} value
 */
export function points(value) {
  if (value === null || value === undefined) return '–';
  return `${value > 0 ? '+' : ''}${(100 * value).toFixed(1)} points`;
}

/**
 * Return a p- or q-value; a dash where it is missing.
 * @param {number | null | undefined} value
 */
export function pValue(value) {
  if (value === null || value === undefined) return '–';
  return value < 0.001 ? '< 0.001' : value.toFixed(3);
}

/**
 * Return an interval as text; empty where an end is missing.
 * @param {number | null | undefined} low
 * @param {number | null | undefined} high
 */
export function interval(low, high) {
  return low === null || high === null || low === undefined
    ? ''
    : `${number(low)} to ${number(high)}`;
}

/**
 * Return a name from the tables as words.
 * @param {string} name
 */
export const words = (name) => name.replaceAll('_', ' ');

/**
 * Return a unit with a space in front if it is one to show beside a value: not a range as in 0-1.
 * @param {string | undefined} unit
 */
export const unitSuffix = (unit) => (/^[^\d]/.test(unit ?? '') ? ` ${unit}` : '');

/**
 * Return what a measured field is, for a hint.
 * @param {{ description: string, unit: string }} field
 */
export const describe = ({ description, unit }) => `${description}${unit ? ` [${unit}]` : ''}`;
