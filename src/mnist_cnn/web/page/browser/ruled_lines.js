/** Ruled lines, frames and edges of the page, taken out of a mask of ink. A copy of read/ruled_lines.py, which gives the reasons. */

import {
  RULE_ALONE, RULE_ANGLES, RULE_CORNER, RULE_COVERED, RULE_COVERED_THROUGH, RULE_CROSSED, RULE_DASH, RULE_EDGE,
  RULE_ENDS, RULE_INSIDE, RULE_JOINED, RULE_LEAST_DASH, RULE_LEAST_SMOOTH, RULE_LEAST_THICK, RULE_LENGTH, RULE_LEVEL,
  RULE_REACHES, RULE_REDUCED, RULE_SMOOTH, RULE_SPAN, RULE_STEM, RULE_THICK, RULE_THICK_FRAME, RULE_THICK_HEIGHT,
} from "./constants.js";
import {
  Grid, clip, components, cv, dash, interpolated, largest, mean, median, morphed, ones, resized, round, smallest, straight, total,
} from "./vision.js";

/** A mask of ink without lines that cross most of the picture, straight or nearly so. */
export function withoutLines(before) {
  let mask = before.map((value) => value);
  const erased = [0, 0]; // level and upright ones
  for (const turn of [0, 1]) {
    const was = turn ? before.transposed() : before;
    if (turn) mask = mask.transposed();
    for (const [columns, rows] of levelLines(mask)) erased[turn] += erase(mask, was, columns, rows);
  }
  mask = mask.transposed();
  const [level, upright] = erased;
  if (level + upright === 1 && total(mask.data) <= RULE_ALONE * total(before.data)) return before;
  return !level && upright === 1 && isOnePiece(before) ? before : mask;
}

/** Whether nearly all ink is connected. */
function isOnePiece(mask) {
  const areas = components(mask).parts.slice(1).map((part) => part.area);
  return largest(areas, 0) >= RULE_STEM * total(areas);
}

/** Pieces of long lines that are nearer to level than to upright: the columns and the row at each. */
function levelLines(mask) {
  const [scaled, scale] = reduced(mask.map((value) => 255 * value), RULE_REDUCED);
  let small = scaled.above(RULE_LEVEL);
  const { height, width } = small;
  const joined = components(morphed(small, cv.MORPH_CLOSE, ones(RULE_JOINED, RULE_JOINED))).parts.slice(1);
  if (joined.every((part) => part.width < RULE_LENGTH * width)) return [];
  const length = Math.max(RULE_LEAST_DASH, Math.floor(width / RULE_DASH));
  const [top, bottom, left, right] = small.box(0);
  const [y0, x0] = [Math.max(0, top - length), Math.max(0, left - length)];
  small = small.crop(y0, Math.min(height, bottom + length), x0, Math.min(width, right + length));
  const directions = dashes(small, length);
  const found = [];
  for (let i = 0; i + 2 < directions.length; i++) {
    const [a, b, c] = directions.slice(i, i + 3).map(({ data }) => data);
    const { labels, parts } = components(small.map((_, at) => a[at] | b[at] | c[at]));
    parts.forEach((part, label) => {
      if (!label || part.width <= RULE_LENGTH * width) return;
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

/** The ink that is a straight dash of at least a length, for each direction. */
function dashes(mask, length) {
  const [first, end, step] = RULE_ANGLES;
  const found = [];
  for (let angle = first; angle < end; angle += step) {
    const closed = morphed(mask, cv.MORPH_CLOSE, dash(RULE_JOINED, angle));
    const run = morphed(closed, cv.MORPH_OPEN, dash(length, angle));
    found.push(morphed(run, cv.MORPH_DILATE, ones(3, 1)));
  }
  return found;
}

/** Take a line out of a mask and return whether it is a ruled line. was: the mask before any line was taken out. */
function erase(mask, was, columns, rows) {
  const { height, width } = mask;
  const places = followed(mask, was, columns, rows);
  if (!places) return false;
  const { at, near } = inside(places, height);
  const edge = Math.min(smallest(near, height), height - 1 - largest(near, 0)) < RULE_EDGE * height;
  const most = Math.max(RULE_LEAST_THICK, round(Math.min(RULE_THICK_HEIGHT * height, (edge ? RULE_THICK_FRAME : RULE_THICK) * width)));
  const above = at.map((x, i) => reachOf(mask, x, near[i], -1, most));
  const below = at.map((x, i) => reachOf(mask, x, near[i], 1, most));
  const thickness = above.map((length, i) => length + below[i]);
  const covered = thickness.filter((length) => length > 0);
  if (!covered.length) return false;
  const usual = median(covered);
  if (usual > most) return false;
  at.forEach((x, i) => {
    if (!thickness[i] || thickness[i] > RULE_CROSSED * usual + 1) return;
    const last = Math.min(near[i] + below[i], height - 1);
    for (let y = Math.max(0, near[i] - above[i]); y <= last; y++) mask.data[y * width + x] = 0;
  });
  return true;
}

/** The row of a line at each column; null if it is interrupted or does not go from edge to edge. */
function followed(mask, was, columns, rows) {
  const { height, width } = mask;
  const share = (flags) => flags.filter(Boolean).length / flags.length;
  let places = along(columns, rows, width);
  for (const [least, ratio] of RULE_REACHES) {
    const { at, near } = inside(places, height);
    if (at.length < RULE_INSIDE * width) return null;
    const middles = middlesOf(mask, at, near, Math.max(least, Math.floor(height / ratio)));
    const covered = middles.map((middle) => middle !== null);
    const end = Math.floor(covered.length / RULE_ENDS) + 1;
    const through = covered.slice(0, end).some(Boolean) && covered.slice(-end).some(Boolean);
    if (share(covered) < (through ? RULE_COVERED_THROUGH : RULE_COVERED)) {
      const span = covered.flatMap((flag, i) => (flag ? [i] : []));
      if (span.length < RULE_SPAN * width || share(covered.slice(span[0], span.at(-1) + 1)) < RULE_COVERED) return null;
      if (![span[0], span.at(-1)].every((i) => anyGone(mask, was, at[i], near[i]))) return null;
    }
    places = along(at.filter((_, i) => covered[i]), middles.filter((middle) => middle !== null), width);
  }
  return places;
}

/** The columns at which a line is inside the picture, and its row at each: {at, near}. */
function inside(places, height) {
  const at = [...places.keys()].filter((x) => places[x] >= 0 && places[x] <= height - 1);
  return { at, near: at.map((x) => round(places[x])) };
}

/** The mean row of the ink near each (column, row); null where there is none. */
const middlesOf = ({ height, width, data }, at, near, reach) => at.map((x, i) => {
  let [sum, count] = [0, 0];
  for (let offset = -reach; offset <= reach; offset++) {
    const y = clip(near[i] + offset, 0, height - 1);
    if (!data[y * width + x]) continue;
    sum += y;
    count += 1;
  }
  return count ? sum / count : null;
});

/** Whether ink near a pixel was taken out of the mask. */
function anyGone({ height, width, data }, was, x, y) {
  for (let row = Math.max(0, y - RULE_CORNER); row <= Math.min(height - 1, y + RULE_CORNER); row++) {
    for (let column = Math.max(0, x - RULE_CORNER); column <= Math.min(width - 1, x + RULE_CORNER); column++) {
      if (was.data[row * width + column] && !data[row * width + column]) return true;
    }
  }
  return false;
}

/** A smooth line through points, as its row at each column; straight beyond the points. */
function along(columns, rows, width) {
  const [slope, start] = straight(columns, rows);
  const off = rows.map((row, i) => row - (slope * columns[i] + start));
  const bend = new Grid(1, width, Float32Array.from({ length: width }, (_, x) => interpolated(x, columns, off)));
  const smooth = mean(bend, Math.max(RULE_LEAST_SMOOTH, Math.floor(width / RULE_SMOOTH)) | 1, 1, cv.BORDER_REPLICATE);
  return Array.from(smooth.data, (value, x) => slope * x + start + value);
}

/** How far the mask continues from a pixel upwards (-1) or downwards (1), also beyond a gap of one pixel. */
function reachOf({ height, width, data }, x, y, direction, most) {
  const at = (step) => {
    const row = y + direction * step;
    return row >= 0 && row < height && data[row * width + x];
  };
  const first = direction > 0 ? 0 : 1;
  let length = 0;
  for (let step = first; step <= most + 1; step++) {
    if (!at(step) && !(step === first && at(step + 1))) break;
    length += 1;
  }
  return length;
}

/** A picture with at most `side` pixels per side, and its scale: 1 if it is not reduced. */
export function reduced(gray, side) {
  const scale = side / Math.max(gray.height, gray.width);
  if (scale >= 1) return [gray, 1];
  const [width, height] = [gray.width, gray.height].map((length) => Math.max(1, round(length * scale)));
  return [resized(gray, width, height, cv.INTER_AREA), scale];
}
