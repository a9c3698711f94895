// Descriptive statistics of columns. Not here: tests of significance, which the pipeline does.

/** @import { Numbers } from './data.js' */

/**
 * Return the share of rows below a value, ties counted half; null where the value is missing.
 * @param {Numbers} values
 * @param {Iterable<number>} rows to compare with
 * @param {number} value
 */
export function percentile(values, rows, value) {
  if (!Number.isFinite(value)) return null;
  let [known, below, tied] = [0, 0, 0];
  for (const row of rows) {
    if (!Number.isFinite(values[row])) continue;
    known += 1;
    if (values[row] < value) below += 1;
    else if (values[row] === value) tied += 1;
  }
  return (below + tied / 2) / known;
}

/**
 * Return the count, mean and standard deviation of the known values of some rows.
 * @param {Numbers} values
 * @param {Iterable<number>} rows
 */
export function moments(values, rows) {
  let [count, sum, squares] = [0, 0, 0];
  for (const row of rows) {
    const value = values[row];
    if (!Number.isFinite(value)) continue;
    count += 1;
    sum += value;
    squares += value * value;
  }
  const mean = count ? sum / count : NaN;
  return { count, mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)) };
}

/**
 * Return the 2nd and 98th percentile, the ends of a colour scale that one outlier does not stretch.
 * @param {Numbers} values
 * @returns {[low: number, high: number]}
 */
export function middleRange(values) {
  const known = Float64Array.from(values.filter(Number.isFinite)).sort();
  if (!known.length) return [0, 1];
  /** @param {number} share */
  const at = (share) => known[Math.round(share * (known.length - 1))];
  const [low, high] = [at(0.02), at(0.98)];
  return low < high ? [low, high] : [known[0], Math.max(known[known.length - 1], known[0] + 1e-9)];
}

/**
 * Return the 95 % interval of a share after Wilson (1927).
 * @param {number} successes
 * @param {number} trials above 0
 * @returns {[low: number, high: number]}
 */
export function wilsonInterval(successes, trials) {
  const [z, p] = [1.96, successes / trials];
  const middle = (p + (z * z) / (2 * trials)) / (1 + (z * z) / trials);
  const half =
    (z / (1 + (z * z) / trials)) * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials ** 2));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
