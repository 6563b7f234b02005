/** Grids of numbers, and what OpenCV and NumPy do to them in the reader in Python, of which the files here are the copy. */

import load from "./opencv.js";

export const cv = await load();

/**
 * A matrix: `data`, a Uint8Array or Float32Array, row by row. As in NumPy, what its values are compared with is a
 * number of 32 bits too: many are 117 / 255 and the like, and so is a level that was found among them.
 */
export class Grid {
  constructor(height, width, data = new Float32Array(height * width)) {
    Object.assign(this, { height, width, data });
  }

  map(change, Type = this.data.constructor) {
    const data = new Type(this.data.length);
    for (let i = 0; i < data.length; i++) data[i] = change(this.data[i], i);
    return new Grid(this.height, this.width, data);
  }

  /** 1 where the values are more than that. */
  above(level) {
    const flags = new Uint8Array(this.data.length);
    const least = Math.fround(level);
    for (let i = 0; i < flags.length; i++) if (this.data[i] > least) flags[i] = 1;
    return new Grid(this.height, this.width, flags);
  }

  crop(top, bottom, left, right) {
    const cut = new Grid(bottom - top, right - left, new this.data.constructor((bottom - top) * (right - left)));
    for (let y = top; y < bottom; y++) {
      cut.data.set(this.data.subarray(y * this.width + left, y * this.width + right), (y - top) * cut.width);
    }
    return cut;
  }

  /** With so many empty pixels around it. */
  padded(by) {
    const larger = new Grid(this.height + 2 * by, this.width + 2 * by, new this.data.constructor((this.height + 2 * by) * (this.width + 2 * by)));
    for (let y = 0; y < this.height; y++) larger.data.set(this.row(y), (y + by) * larger.width + by);
    return larger;
  }

  transposed() {
    const turned = new Grid(this.width, this.height, new this.data.constructor(this.data.length));
    for (let y = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++) turned.data[x * this.height + y] = this.data[y * this.width + x];
    }
    return turned;
  }

  row(y) {
    return this.data.subarray(y * this.width, (y + 1) * this.width);
  }

  /** [top, bottom, left, right] around what is more than `level`; null if nothing is. */
  box(level) {
    let [top, bottom, left, right] = [this.height, 0, this.width, 0];
    const least = Math.fround(level);
    for (let y = 0; y < this.height; y++) {
      const row = this.row(y);
      for (let x = 0; x < this.width; x++) {
        if (!(row[x] > least)) continue;
        if (y < top) top = y;
        bottom = y + 1;
        if (x < left) left = x;
        if (x >= right) right = x + 1;
      }
    }
    return bottom ? [top, bottom, left, right] : null;
  }

  /** The places of what is more than `level`: columns and rows. */
  points(level) {
    const columns = [];
    const rows = [];
    const least = Math.fround(level);
    this.data.forEach((value, i) => {
      if (!(value > least)) return;
      columns.push(i % this.width);
      rows.push(Math.floor(i / this.width));
    });
    return { columns, rows };
  }
}

// --- OpenCV --------------------------------------------------------------------------------------------------------

/** What operation(source, target) leaves in the target. */
function through(grid, operation) {
  const source = matrix(grid);
  const target = new cv.Mat();
  try {
    operation(source, target);
    return gridOf(target);
  } finally {
    source.delete();
    target.delete();
  }
}

function matrix({ height, width, data }) {
  const kind = data instanceof Uint8Array ? cv.CV_8UC1 : data instanceof Float32Array ? cv.CV_32FC1 : cv.CV_64FC1;
  return cv.matFromArray(height, width, kind, data);
}

function gridOf(target) {
  const data = { [cv.CV_8U]: "data", [cv.CV_32S]: "data32S", [cv.CV_32F]: "data32F" }[target.type()];
  return new Grid(target.rows, target.cols, target[data].slice());
}

const size = (width, height) => new cv.Size(width, height);

export function blurred(grid, sigma) {
  return through(grid, (a, b) => cv.GaussianBlur(a, b, size(0, 0), sigma));
}

/** The mean of width x height pixels around each. */
export function mean(grid, width, height, border = cv.BORDER_DEFAULT) {
  return through(grid, (a, b) => cv.blur(a, b, size(width, height), new cv.Point(-1, -1), border));
}

export function resized(grid, width, height, how) {
  return through(grid, (a, b) => cv.resize(a, b, size(width, height), 0, 0, how));
}

export function bordered(grid, by, how) {
  return through(grid, (a, b) => cv.copyMakeBorder(a, b, by, by, by, by, how, new cv.Scalar()));
}

export function morphed(grid, how, kernel) {
  const second = matrix(kernel);
  try {
    return through(grid, (a, b) => cv.morphologyEx(a, b, how, second));
  } finally {
    second.delete();
  }
}

export function warped(grid, [[a, b, c], [d, e, f]], width, height, how) {
  const map = matrix(new Grid(2, 3, new Float64Array([a, b, c, d, e, f])));
  try {
    return through(grid, (source, target) => cv.warpAffine(source, target, map, size(width, height), how));
  } finally {
    map.delete();
  }
}

export function distances(grid) {
  return through(grid, (a, b) => cv.distanceTransform(a, b, cv.DIST_L2, 3));
}

/** The level from 0 to 255 that parts a Uint8Array's values (Otsu 1979). */
export function otsu(values) {
  let level;
  through(new Grid(1, values.length, values), (a, b) => {
    level = cv.threshold(a, b, 0, 255, cv.THRESH_BINARY | cv.THRESH_OTSU);
  });
  return level;
}

export function ones(height, width) {
  return new Grid(height, width, new Uint8Array(height * width).fill(1));
}

export function ellipse(side) {
  const kernel = cv.getStructuringElement(cv.MORPH_ELLIPSE, size(side, side));
  const grid = gridOf(kernel);
  kernel.delete();
  return grid;
}

/** A straight line as a kernel. */
export function dash(length, angle) {
  const radians = (angle * Math.PI) / 180;
  const [x, y] = [round((length / 2) * Math.cos(radians)), round((length / 2) * Math.sin(radians))];
  const kernel = cv.Mat.zeros(2 * Math.abs(y) + 1, 2 * x + 1, cv.CV_8UC1);
  cv.line(kernel, new cv.Point(0, Math.abs(y) - y), new cv.Point(2 * x, Math.abs(y) + y), new cv.Scalar(1));
  const grid = gridOf(kernel);
  kernel.delete();
  return grid;
}

/** The connected parts of what is not 0: the number of each pixel's, and {x, y, width, height, area} of each; 0 is the rest. */
export function components(grid) {
  const [source, labels, stats, centres] = [matrix(grid), new cv.Mat(), new cv.Mat(), new cv.Mat()];
  try {
    cv.connectedComponentsWithStats(source, labels, stats, centres, 8);
    const { data } = gridOf(stats);
    const parts = [];
    for (let i = 0; i < data.length; i += 5) {
      const [x, y, width, height, area] = data.subarray(i, i + 5);
      parts.push({ x, y, width, height, area });
    }
    return { labels: gridOf(labels), parts };
  } finally {
    for (const mat of [source, labels, stats, centres]) mat.delete();
  }
}

// --- numbers -------------------------------------------------------------------------------------------------------

export const clip = (value, low, high) => Math.min(Math.max(value, low), high);

export function total(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum;
}

/** The largest of the values, or `initial`. */
export function largest(values, initial) {
  let most = initial;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  return most;
}

export function smallest(values, initial) {
  let least = initial;
  for (let i = 0; i < values.length; i++) if (values[i] < least) least = values[i];
  return least;
}

/** To the next whole number, halves to the even one, as Python does. */
export function round(value) {
  const up = Math.round(value);
  return up - value === 0.5 && up % 2 ? up - 1 : up;
}

export function quantile(values, share) {
  const some = Float64Array.from(values);
  const place = share * (some.length - 1);
  const low = select(some, Math.floor(place));
  if (place % 1 === 0) return low;
  const high = smallest(some.subarray(Math.floor(place) + 1), Infinity);
  return low + (place % 1) * (high - low);
}

/** Bring the k-th smallest to its place, with none larger before it and none smaller after it (Hoare 1961). */
function select(values, k) {
  let [left, right] = [0, values.length - 1];
  while (left < right) {
    const pivot = values[(left + right) >> 1];
    let [i, j] = [left, right];
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i <= j) [values[i++], values[j--]] = [values[j], values[i]];
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else break;
  }
  return values[k];
}

export const median = (values) => quantile(values, 0.5);

export const spread = (values) => largest(values, -Infinity) - smallest(values, Infinity);

/** [slope, value at 0] of the straight line nearest to points. */
export function straight(x, y) {
  const [mx, my] = [total(x) / x.length, total(y) / y.length];
  let [xy, xx] = [0, 0];
  x.forEach((value, i) => {
    xy += (value - mx) * (y[i] - my);
    xx += (value - mx) ** 2;
  });
  const slope = xx ? xy / xx : 0;
  return [slope, my - slope * mx];
}

/** Where [start, end) the flags are set, one pair for each unbroken run of them. */
export function runs(flags) {
  const found = [];
  flags.forEach((flag, i) => {
    if (!flag) return;
    if (found.length && found.at(-1)[1] === i) found.at(-1)[1] = i + 1;
    else found.push([i, i + 1]);
  });
  return found;
}

/** y at x, for points of growing xs; beyond them it stays as at the end. */
export function interpolated(x, xs, ys) {
  if (x <= xs[0]) return ys[0];
  if (x >= xs.at(-1)) return ys.at(-1);
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  return ys[low] + ((x - xs[low]) * (ys[high] - ys[low])) / (xs[high] - xs[low]);
}
