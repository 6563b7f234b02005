/** Grids of numbers, and the functions of OpenCV and NumPy that the reader in Python uses. */

import load from "./opencv.js";

export const cv = await load();

/** A matrix: `data`, a Uint8Array or Float32Array, row by row. As in NumPy, levels are rounded to 32 bits too. */
export class Grid {
  constructor(height, width, data = new Float32Array(height * width)) {
    Object.assign(this, { height, width, data });
  }

  map(change, Type = this.data.constructor) {
    const data = new Type(this.data.length);
    for (let i = 0; i < data.length; i++) data[i] = change(this.data[i], i);
    return new Grid(this.height, this.width, data);
  }

  /** 1 where the values are more than `level`. */
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

  /** With `by` empty pixels around it. */
  padded(by) {
    const larger = new Grid(this.height + 2 * by, this.width + 2 * by, new this.data.constructor((this.height + 2 * by) * (this.width + 2 * by)));
    for (let y = 0; y < this.height; y++) larger.data.set(this.row(y), (y + by) * larger.width + by);
    return larger;
  }

  transposed() {
    const other = new Grid(this.width, this.height, new this.data.constructor(this.data.length));
    for (let y = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++) other.data[x * this.height + y] = this.data[y * this.width + x];
    }
    return other;
  }

  /** Turned clockwise by 90 degrees. */
  turned() {
    const { height, width, data } = this;
    const other = new Grid(width, height, new data.constructor(data.length));
    for (let y = 0; y < width; y++) {
      for (let x = 0; x < height; x++) other.data[y * height + x] = data[(height - 1 - x) * width + y];
    }
    return other;
  }

  row(y) {
    return this.data.subarray(y * this.width, (y + 1) * this.width);
  }

  /** [top, bottom, left, right] around the values that are more than `level`; null if there are none. */
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

  /** The places of the values that are more than `level`: columns and rows. */
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

/** Return what operation(source, target) writes into the target. */
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
  const data = { [cv.CV_8U]: "data", [cv.CV_32S]: "data32S", [cv.CV_32F]: "data32F", [cv.CV_64F]: "data64F" }[target.type()];
  return new Grid(target.rows, target.cols, target[data].slice());
}

const size = (width, height) => new cv.Size(width, height);

export function blurred(grid, sigma) {
  return through(grid, (a, b) => cv.GaussianBlur(a, b, size(0, 0), sigma));
}

/** The mean of the width x height pixels around each pixel. */
export function mean(grid, width, height, border = cv.BORDER_DEFAULT) {
  return through(grid, (a, b) => cv.blur(a, b, size(width, height), new cv.Point(-1, -1), border));
}

/** The sum of the side x side pixels around each pixel of a Float32Array. Pixels outside count as 0. */
export function windowSums(grid, side) {
  const anchor = new cv.Point(-1, -1);
  return through(grid, (a, b) => cv.boxFilter(a, b, cv.CV_32F, size(side, side), anchor, false, cv.BORDER_CONSTANT));
}

export function resized(grid, width, height, how) {
  return through(grid, (a, b) => cv.resize(a, b, size(width, height), 0, 0, how));
}

/** With more pixels around the picture, by default those of its edge repeated. */
export function bordered(grid, top, bottom, left, right, border = cv.BORDER_REPLICATE) {
  return through(grid, (a, b) => cv.copyMakeBorder(a, b, top, bottom, left, right, border, new cv.Scalar()));
}

export function morphed(grid, how, kernel) {
  const second = matrix(kernel);
  try {
    return through(grid, (a, b) => cv.morphologyEx(a, b, how, second));
  } finally {
    second.delete();
  }
}

/**
 * The width x height pixels whose places on `grid` an affine transform gives, with the pixels of the edge repeated.
 * how: without cv.WARP_INVERSE_MAP, the transform gives the new places of the pixels of `grid`.
 */
export function warped(grid, transform, width, height, how = cv.INTER_LINEAR | cv.WARP_INVERSE_MAP, border = cv.BORDER_REPLICATE) {
  const map = matrix(new Grid(2, 3, new Float64Array(transform.flat())));
  try {
    return through(grid, (a, b) => cv.warpAffine(a, b, map, size(width, height), how, border, new cv.Scalar()));
  } finally {
    map.delete();
  }
}

export function distances(grid) {
  return through(grid, (a, b) => cv.distanceTransform(a, b, cv.DIST_L2, 3));
}

/** The level from 0 to 255 that parts the values of a Uint8Array (Otsu 1979). */
export function otsu(grid) {
  let level;
  through(grid, (a, b) => {
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

/**
 * The connected parts of the values other than 0. labels: which part each pixel belongs to; 0 is the background.
 * parts: {x, y, width, height, area, cx, cy} of each part, the last two of its centre.
 */
export function components(grid) {
  const [source, labels, stats, centres] = [matrix(grid), new cv.Mat(), new cv.Mat(), new cv.Mat()];
  try {
    cv.connectedComponentsWithStats(source, labels, stats, centres, 8);
    const [numbers, middles] = [gridOf(stats), gridOf(centres)];
    const parts = Array.from({ length: numbers.height }, (_, k) => {
      const [x, y, width, height, area] = numbers.row(k);
      const [cx, cy] = middles.row(k);
      return { x, y, width, height, area, cx, cy };
    });
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
export function largest(values, initial = -Infinity) {
  let most = initial;
  for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  return most;
}

export function smallest(values, initial = Infinity) {
  let least = initial;
  for (let i = 0; i < values.length; i++) if (values[i] < least) least = values[i];
  return least;
}

/** The index of the first of the largest values, as NumPy's argmax. */
export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** The index of the first of the smallest values. */
export function argmin(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] < values[best]) best = i;
  return best;
}

/** To the nearest whole number, halves to the even one, as Python does. */
export function round(value) {
  const up = Math.round(value);
  return up - value === 0.5 && up % 2 ? up - 1 : up;
}

/** As NumPy's quantile with linear interpolation. */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const [low, part] = [Math.floor(place), place % 1];
  const next = sorted[Math.min(low + 1, sorted.length - 1)];
  const step = next - sorted[low];
  return part < 0.5 ? sorted[low] + step * part : next - step * (1 - part);
}

export function median(values) {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export const spread = (values) => largest(values) - smallest(values);

/** The slope of the straight line nearest to points. */
export const steepness = (x, y) => straight(x, y)[0];

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

/** [start, end) of each unbroken run of flags that are set. */
export function runs(flags) {
  const found = [];
  flags.forEach((flag, i) => {
    if (!flag) return;
    if (found.length && found.at(-1)[1] === i) found.at(-1)[1] = i + 1;
    else found.push([i, i + 1]);
  });
  return found;
}

/** y at x, for points in the order of their xs; beyond them, y of the first or the last. */
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
