// Places on a plane: what lies in a polygon, the outline of a group, the dot nearest to a point.

// The middle and half the extent of known places: { x, y, half: [across, up] }.
export function extent(x, y) {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let row = 0; row < x.length; row += 1) {
    if (!Number.isFinite(x[row]) || !Number.isFinite(y[row])) continue;
    left = Math.min(left, x[row]);
    right = Math.max(right, x[row]);
    low = Math.min(low, y[row]);
    high = Math.max(high, y[row]);
  }
  if (left > right) return { x: 0, y: 0, half: [1, 1] };
  return {
    x: (left + right) / 2,
    y: (low + high) / 2,
    half: [Math.max((right - left) / 2, 1e-6), Math.max((high - low) / 2, 1e-6)],
  };
}

// Rows inside a polygon of [x, y] corners.
export function rowsInside(x, y, corners) {
  const out = [];
  for (let row = 0; row < x.length; row += 1) if (inside(x[row], y[row], corners)) out.push(row);
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

const OWN_SHARE = 0.3; // of the dots inside an outline that must be the group's

// Corners of the convex outline of the nine in ten rows nearest to the middle of a group; none
// where fewer than five have a place, or where the group is scattered: its outline would be others'.
export function outline(x, y, rows) {
  const points = Array.from(rows, (row) => [x[row], y[row]]).filter(
    ([a, b]) => Number.isFinite(a) && Number.isFinite(b),
  );
  if (points.length < 5) return [];
  const middle = [0, 1].map(
    (axis) => points.map((point) => point[axis]).sort((a, b) => a - b)[points.length >> 1],
  );
  points.sort(
    (a, b) =>
      Math.hypot(a[0] - middle[0], a[1] - middle[1]) -
      Math.hypot(b[0] - middle[0], b[1] - middle[1]),
  );
  const kept = points.slice(0, Math.ceil(0.9 * points.length));
  const corners = hull(kept);
  return kept.length >= OWN_SHARE * rowsInside(x, y, corners).length ? corners : [];
}

function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const turn = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
  const half = (given) => {
    const out = [];
    for (const point of given) {
      while (out.length >= 2 && turn(out[out.length - 2], out[out.length - 1], point) <= 0)
        out.pop();
      out.push(point);
    }
    return out.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

const PER_CELL = 4;

// Rows sorted into square cells, to find the one nearest to a point without asking all.
export class Grid {
  constructor(x, y, { x: middleX, y: middleY, half }) {
    Object.assign(this, { x, y });
    this.side = Math.max(1, Math.ceil(Math.sqrt(x.length / PER_CELL)));
    this.cell = (2 * Math.max(...half)) / this.side;
    this.corner = [middleX - Math.max(...half), middleY - Math.max(...half)];
    const cells = Int32Array.from(x, (_, row) =>
      Number.isFinite(x[row]) && Number.isFinite(y[row])
        ? this.across(x[row], 0) + this.side * this.across(y[row], 1)
        : -1,
    );
    this.starts = new Int32Array(this.side * this.side + 1);
    for (const cell of cells) if (cell >= 0) this.starts[cell + 1] += 1;
    for (let cell = 0; cell < this.side * this.side; cell += 1)
      this.starts[cell + 1] += this.starts[cell];
    this.rows = new Int32Array(this.starts[this.side * this.side]);
    const next = this.starts.slice();
    cells.forEach((cell, row) => {
      if (cell < 0) return;
      this.rows[next[cell]] = row;
      next[cell] += 1;
    });
  }

  across(value, axis) {
    return Math.max(
      0,
      Math.min(this.side - 1, Math.floor((value - this.corner[axis]) / this.cell)),
    );
  }

  // The wanted row nearest to a point and at most `reach` away, or null.
  nearest([x, y], reach, wanted) {
    let [best, least] = [null, reach];
    for (let up = this.across(y - reach, 1); up <= this.across(y + reach, 1); up += 1) {
      for (let right = this.across(x - reach, 0); right <= this.across(x + reach, 0); right += 1) {
        const cell = right + this.side * up;
        for (let at = this.starts[cell]; at < this.starts[cell + 1]; at += 1) {
          const row = this.rows[at];
          const away = Math.hypot(this.x[row] - x, this.y[row] - y);
          if (away <= least && wanted(row)) [best, least] = [row, away];
        }
      }
    }
    return best;
  }
}
