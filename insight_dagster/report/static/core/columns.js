// Columns as they are stored, made arrays and texts.

const KINDS = {
  f4: Float32Array,
  f8: Float64Array,
  i4: Int32Array,
  u1: Uint8Array,
  u2: Uint16Array,
};
const MISSING = 65535;

// Numbers as a typed array; texts as an object with `at(row)`, null where there is none.
export function decode(column) {
  if (column.kind === 'texts') return { levels: null, at: (row) => column.values[row] };
  if (column.kind === 'levels') return levels(column.levels, decode(column.codes));
  if (column.kind === 'hex') return hex(bytes(column.data), column.digits / 2);
  return new KINDS[column.kind](bytes(column.data).buffer);
}

function levels(names, codes) {
  return { levels: names, codes, at: (row) => (codes[row] === MISSING ? null : names[codes[row]]) };
}

function hex(all, width) {
  const at = (row) => {
    let text = '';
    for (const byte of all.subarray(row * width, (row + 1) * width))
      text += byte.toString(16).padStart(2, '0');
    return text;
  };
  return { levels: null, at };
}

function bytes(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const plain = atob(text);
  const out = new Uint8Array(plain.length);
  for (let at = 0; at < out.length; at += 1) out[at] = plain.charCodeAt(at);
  return out;
}

// The percentile of a value among those of some rows, of ties the middle; null where it is missing.
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

// Mean and deviation of the known values of some rows.
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

// Ends of a colour scale: the middle 96 %, so that one outlier does not flatten the rest.
export function middleRange(values) {
  const known = Float64Array.from(values.filter(Number.isFinite)).sort();
  if (!known.length) return [0, 1];
  const at = (share) => known[Math.round(share * (known.length - 1))];
  const [low, high] = [at(0.02), at(0.98)];
  return low < high ? [low, high] : [known[0], Math.max(known[known.length - 1], known[0] + 1e-9)];
}
