/** Ink: from the grey pixels of a picture to how much ink there is at each. A copy of read/ink.py, which gives the reasons. */

import {
  Grid, blurred, bordered, clip, components, cv, dash, ellipse, interpolated, largest, mean, median, morphed, ones, otsu,
  quantile, resized, round, smallest, straight, total,
} from "./vision.js";

const LEAST = 0.07;
export const CLOSE_UP = 200;
const GRAIN = 5;
const LONG = 0.4;
const LOW = 0.6;

/** How much ink is at each pixel of a picture (Uint8Array): Float32Array, 0 to 1. */
export function ink(gray, broad, ruled) {
  const contrast = contrastOf(gray, broad ? 0.5 : 0.14);
  const nothing = new Grid(gray.height, gray.width);
  let level = levelOf(contrast);
  if (level === null) return nothing;
  let mask = connected(contrast, level);
  if (ruled) {
    const kept = withoutLines(mask);
    const onLines = contrast.data.filter((_, i) => mask.data[i] && !kept.data[i]);
    if (onLines.length) {
      const faint = Math.fround(2.2 * median(onLines));
      contrast.data.forEach((value, i) => {
        if (mask.data[i] && !kept.data[i] && value < faint) contrast.data[i] = 0;
      });
      level = levelOf(contrast);
      if (level === null) return nothing;
      mask = connected(contrast, level);
    }
  }
  const strong = Math.fround(level);
  const clear = contrast.data.filter((value, i) => mask.data[i] && value > strong);
  const full = Math.max(clear.length ? median(clear) : 1, level);
  const low = 0.5 * LOW * level;
  const [start, range] = [Math.fround(low), Math.fround(full - low)];
  const near = morphed(mask, cv.MORPH_DILATE, ones(3, 3));
  return contrast.map((value, i) => (near.data[i] ? clip(Math.fround(value - start) / range, 0, 1) : 0));
}

function contrastOf(gray, part) {
  let smooth = blurred(gray, clip(Math.min(gray.height, gray.width) / 100, 0.5, 1.5));
  if (!isDark(smooth, part)) smooth = smooth.map((value) => 255 - value);
  const paper = paperOf(smooth, part);
  return paper.map((value, i) => clip((value - smooth.data[i]) / Math.max(value, 60), 0, 1), Float32Array);
}

function isDark(gray, part) {
  const [small] = reduced(gray, 300);
  const around = blurred(small.map((value) => value, Float32Array), (part * Math.min(small.height, small.width)) / 2);
  let [squares, cubes] = [0, 0];
  small.data.forEach((value, i) => {
    const difference = value - around.data[i];
    squares += difference * difference;
    cubes += difference * difference * difference;
  });
  const n = small.data.length;
  const skewness = cubes / n / Math.max(squares / n, 1e-6) ** 1.5;
  const { height, width } = gray;
  const columns = [...Array(height).keys()];
  const edge = [...gray.row(0), ...gray.row(height - 1), ...columns.map((y) => gray.row(y)[0]), ...columns.map((y) => gray.row(y)[width - 1])];
  const middle = (smallest(gray.data, 255) + largest(gray.data, 0)) / 2;
  const bright = edge.filter((value) => value > middle).length / edge.length;
  return -skewness + (part > 0.3 ? 2 : 0.3) * (2 * bright - 1) >= 0;
}

function paperOf(gray, part) {
  const { height, width } = gray;
  const [small, scale] = reduced(gray, 300);
  const side = Math.max(3, Math.floor(part * Math.min(height, width) * scale)) | 1;
  const border = Math.min(height, width) < CLOSE_UP ? cv.BORDER_REFLECT : cv.BORDER_REPLICATE;
  const negative = ({ height, width, data }) => new Grid(height, width, data.map((value) => 255 - value));
  const closed = negative(spread(negative(spread(bordered(small, side, side, side, side, border), side)), side));
  const box = Math.floor(side / 4) | 1;
  const paper = mean(closed, box, box).crop(side, side + small.height, side, side + small.width);
  return resized(paper, width, height, cv.INTER_LINEAR);
}

/** The brightest within a disc of that odd diameter around each pixel. */
function spread(gray, side) {
  const { height, width } = gray;
  const disc = ellipse(side);
  const brightest = new Uint8Array(height * width);
  let [wide, reach] = [gray, 0];
  for (let dy = 0; dy <= side >> 1; dy++) {
    const most = total(disc.row(dy)) >> 1;
    for (; reach < most; reach++) wide = morphed(wide, cv.MORPH_DILATE, ones(1, 3));
    const { data } = wide;
    const shift = ((side >> 1) - dy) * width;
    for (let i = 0, j = shift; j < data.length; i++, j++) {
      if (data[j] > brightest[i]) brightest[i] = data[j];
      if (data[i] > brightest[j]) brightest[j] = data[i];
    }
  }
  return new Grid(height, width, brightest);
}

/** The picture with at most so many pixels a side, and how much smaller that is. */
function reduced(gray, side) {
  const scale = side / Math.max(gray.height, gray.width);
  if (scale >= 1) return [gray, 1];
  const [width, height] = [gray.width, gray.height].map((length) => Math.max(1, round(length * scale)));
  return [resized(gray, width, height, cv.INTER_AREA), scale];
}

/** The contrast that parts ink from paper; null if nothing stands out from the paper's own grain. */
function levelOf({ height, width, data }) {
  const shorter = Math.min(height, width);
  const step = Math.max(1, Math.floor(shorter / 200));
  const some = new Float32Array(Math.ceil(height / step) * Math.ceil(width / step));
  let n = 0;
  for (let y = 0; y < height; y += step) for (let x = 0; x < width; x += step) some[n++] = data[y * width + x];
  const top = Math.fround(some.length > 4000 ? quantile(some, 0.999) : largest(some, 0));
  const middle = Math.fround(median(some));
  const grain = 1.48 * median(some.map((value) => Math.abs(value - middle)));
  const page = Math.ceil(shorter / step) * step >= CLOSE_UP;
  if (top < Math.max(LEAST, page ? middle + GRAIN * grain : 0)) return null;
  const scaled = new Uint8Array(some.map((value) => clip(Math.fround(Math.fround(value / top) * 255), 0, 255)));
  return Math.max((otsu(new Grid(1, scaled.length, scaled)) / 255) * top, 0.6 * LEAST, Math.min(middle + 2.7 * grain, 0.6 * top));
}

/** What is nearly as dark as `level` and connected to what is darker. */
function connected(contrast, level) {
  const strong = Math.fround(level);
  const { labels, parts } = components(contrast.above(LOW * level));
  const kept = new Uint8Array(parts.length);
  contrast.data.forEach((value, i) => {
    if (value > strong) kept[labels.data[i]] = 1;
  });
  kept[0] = 0;
  return labels.map((label) => kept[label], Uint8Array);
}

// --- lines that are ruled --------------------------------------------------------------------------------------------

/** The mask without lines that cross most of the picture, straight or nearly so. */
function withoutLines(before) {
  let mask = before.map((value) => value);
  const erased = [0, 0]; // level and upright ones
  for (const turn of [0, 1]) {
    const was = turn ? before.transposed() : before;
    if (turn) mask = mask.transposed();
    for (const [columns, rows] of levelLines(mask)) erased[turn] += erase(mask, was, columns, rows);
  }
  mask = mask.transposed();
  const [level, upright] = erased;
  if (level + upright === 1 && total(mask.data) <= 0.05 * total(before.data)) return before;
  return !level && upright === 1 && inOnePiece(before) ? before : mask;
}

function inOnePiece(mask) {
  const areas = components(mask).parts.slice(1).map((part) => part.area);
  return largest(areas, 0) >= 0.95 * total(areas);
}

/** Pieces of long lines that are nearer to level than to upright: the columns and the row at each. */
function levelLines(mask) {
  const [scaled, scale] = reduced(mask.map((value) => 255 * value), 400);
  let small = scaled.above(60);
  const { height, width } = small;
  const joined = components(morphed(small, cv.MORPH_CLOSE, ones(7, 7))).parts.slice(1);
  if (joined.every((part) => part.width < LONG * width)) return [];
  const length = Math.max(15, Math.floor(width / 8));
  const [top, bottom, left, right] = small.box(0);
  const [y0, x0] = [Math.max(0, top - length), Math.max(0, left - length)];
  small = small.crop(y0, Math.min(height, bottom + length), x0, Math.min(width, right + length));
  const directions = [];
  for (let angle = -36; angle <= 36; angle += 6) {
    const closed = morphed(small, cv.MORPH_CLOSE, dash(7, angle));
    const run = morphed(closed, cv.MORPH_OPEN, dash(length, angle));
    directions.push(morphed(run, cv.MORPH_DILATE, ones(3, 1)));
  }
  const found = [];
  for (let i = 0; i + 2 < directions.length; i++) {
    const [a, b, c] = directions.slice(i, i + 3).map(({ data }) => data);
    const { labels, parts } = components(small.map((_, at) => a[at] | b[at] | c[at]));
    parts.forEach((part, label) => {
      if (!label || part.width <= LONG * width) return;
      const [columns, rows] = [[], []];
      for (let x = part.x; x < part.x + part.width; x++) {
        let [sum, count] = [0, 0];
        for (let y = 0; y < part.height; y++) {
          if (labels.data[(part.y + y) * small.width + x] !== label) continue;
          sum += y;
          count += 1;
        }
        columns.push((x0 + x + 0.5) / scale - 0.5);
        rows.push((y0 + part.y + sum / count + 0.5) / scale - 0.5);
      }
      found.push([columns, rows]);
    });
  }
  return found;
}

/** Take a line out of the mask, if it is one. `was`: the mask before any was taken out. */
function erase(mask, was, columns, rows) {
  const { height, width } = mask;
  const share = (flags) => flags.filter(Boolean).length / flags.length;
  let places = along(columns, rows, width);
  const inside = () => {
    const at = [...places.keys()].filter((x) => places[x] >= 0 && places[x] <= height - 1);
    return { at, near: at.map((x) => round(places[x])) };
  };
  for (const reach of [Math.max(3, Math.floor(height / 60)), Math.max(2, Math.floor(height / 100))]) {
    const { at, near } = inside();
    if (at.length < 0.5 * width) return false;
    const middles = at.map((x, i) => {
      let [sum, count] = [0, 0];
      for (let offset = -reach; offset <= reach; offset++) {
        const y = clip(near[i] + offset, 0, height - 1);
        if (!mask.data[y * width + x]) continue;
        sum += y;
        count += 1;
      }
      return count ? sum / count : null;
    });
    const covered = middles.map((middle) => middle !== null);
    const end = Math.floor(covered.length / 16) + 1;
    const through = covered.slice(0, end).some(Boolean) && covered.slice(-end).some(Boolean);
    if (share(covered) < (through ? 0.75 : 0.9)) {
      const span = covered.flatMap((flag, i) => (flag ? [i] : []));
      if (span.length < 0.3 * width || share(covered.slice(span[0], span.at(-1) + 1)) < 0.9) return false;
      if (![span[0], span.at(-1)].every((i) => anyGone(mask, was, at[i], near[i]))) return false;
    }
    places = along(at.filter((_, i) => covered[i]), middles.filter((middle) => middle !== null), width);
  }
  const { at, near } = inside();
  const edge = Math.min(smallest(near, height), height - 1 - largest(near, 0)) < 0.06 * height;
  const most = Math.max(3, round(Math.min(0.15 * height, (edge ? 0.15 : 0.06) * width)));
  const above = at.map((x, i) => runOf(mask, x, near[i], -1, most));
  const below = at.map((x, i) => runOf(mask, x, near[i], 1, most));
  const thickness = above.map((length, i) => length + below[i]);
  const covered = thickness.filter((length) => length > 0);
  if (!covered.length) return false;
  const usual = median(covered);
  if (usual > most) return false;
  at.forEach((x, i) => {
    if (!thickness[i] || thickness[i] > 1.5 * usual + 1) return;
    const last = Math.min(near[i] + below[i], height - 1);
    for (let y = Math.max(0, near[i] - above[i]); y <= last; y++) mask.data[y * width + x] = 0;
  });
  return true;
}

/** Whether something near is gone from the mask. */
function anyGone({ height, width, data }, was, x, y) {
  for (let row = Math.max(0, y - 6); row < Math.min(height, y + 7); row++) {
    for (let column = Math.max(0, x - 6); column < Math.min(width, x + 7); column++) {
      if (was.data[row * width + column] && !data[row * width + column]) return true;
    }
  }
  return false;
}

/** A smooth line through points, as its row at each column; straight where there are no points. */
function along(columns, rows, width) {
  const [slope, start] = straight(columns, rows);
  const off = rows.map((row, i) => row - (slope * columns[i] + start));
  const bend = new Grid(1, width, Float32Array.from({ length: width }, (_, x) => interpolated(x, columns, off)));
  const smooth = mean(bend, Math.max(3, Math.floor(width / 16)) | 1, 1, cv.BORDER_REPLICATE);
  return Array.from(smooth.data, (value, x) => slope * x + start + value);
}

/** How far the mask goes on from there, upwards (-1) or downwards (1), and one pixel beyond a gap. */
function runOf({ height, width, data }, x, y, way, most) {
  const at = (step) => {
    const row = y + way * step;
    return row >= 0 && row < height && data[row * width + x];
  };
  const first = way > 0 ? 0 : 1;
  let length = 0;
  for (let step = first; step <= most + 1; step++) {
    if (!at(step) && !(step === first && at(step + 1))) break;
    length += 1;
  }
  return length;
}
