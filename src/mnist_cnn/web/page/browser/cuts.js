/** Cuts: where a line of writing may be cut into digits, and the pieces between two cuts. A copy of read/cuts.py. */

import {
  CUTS, CUT_DIFFERENCE, CUT_DISTANCE, CUT_FREE, CUT_LEANING, CUT_MOST_INK, CUT_SIDEWAYS, CUT_SMOOTH, LINE_INK,
  PIECE_SPECK, PIECE_WIDEST, VALLEY_DEPTH, VALLEY_REACH,
} from "./constants.js";
import { Grid, blurred, clip, components, cv, interpolated, largest, morphed, ones, round, runs, smallest, total } from "./vision.js";

const INKED = Math.fround(LINE_INK);

/** The possible cuts of the ink of a line: {seam, its column at each row; crossed, the ink that it crosses in pixels}. */
export function cuts(line) {
  const { height, width } = line;
  const middle = Math.floor(height / 2);
  const above = cheapest(line, 0, middle);
  const below = cheapest(line, height - 1, middle);
  const cost = above.cost.map((value, x) => value + below.cost[x] - line.row(middle)[x]);
  const all = minima(cost).map((at) => {
    const seam = new Array(height);
    seam[middle] = at;
    for (let y = middle - 1, x = at; y >= 0; y--) seam[y] = x += above.steps[y + 1][x];
    for (let y = middle + 1, x = at; y < height; y++) seam[y] = x += below.steps[y - 1][x];
    return { seam, crossed: cost[at] };
  });
  all.push(...betweenValleys(line).map((seam) => ({ seam, crossed: inkAlong(line, seam) })));
  const kept = withoutSimilar(all);
  return [{ seam: Array(height).fill(0), crossed: 0 }, ...kept, { seam: Array(height).fill(width), crossed: 0 }];
}

/** The ink between any two cuts that may be one digit, with its specks and without. height: of the writing. */
export function pieces(line, places, height) {
  const found = [];
  for (let first = 0; first < places.length - 1; first++) {
    for (let last = first + 1; last < places.length; last++) {
      const [start, end] = [places[first].seam, places[last].seam];
      const [x0, x1] = [smallest(start, Infinity), largest(end, 0)];
      const width = Math.max(0, x1 - x0);
      const between = line.crop(0, line.height, x0, x0 + width).map((value, i) => {
        const [y, x] = [Math.floor(i / width), x0 + (i % width)];
        return x >= start[y] && x < end[y] ? value : 0;
      });
      const box = between.box(LINE_INK);
      if (!box) continue;
      const [top, , left, right] = box;
      if (right - left > PIECE_WIDEST * height && last > first + 1) break;
      found.push(...variants(first, last, between.crop(...box), x0 + left, top));
    }
  }
  return found;
}

/** A piece, and the same piece without its specks if it has any. */
function variants(first, last, ink, left, top) {
  const whole = { first, last, ink, left, top, dropped: 0 };
  const { labels, parts } = components(ink.above(LINE_INK));
  if (parts.length <= 2) return [whole];
  const areas = parts.slice(1).map((part) => part.area);
  const most = largest(areas, 0);
  const small = parts.map((part, label) => label > 0 && part.area < PIECE_SPECK * most);
  if (!small.some(Boolean)) return [whole];
  const kept = labels.map((label) => (label && !small[label] ? 1 : 0), Uint8Array);
  const near = morphed(kept, cv.MORPH_DILATE, ones(3, 3));
  const clean = ink.map((value, i) => (near.data[i] ? value : 0));
  const box = clean.box(LINE_INK);
  if (!box) return [whole];
  const dropped = total(areas.filter((area) => area < PIECE_SPECK * most)) / total(areas);
  return [whole, { first, last, ink: clean.crop(...box), left: left + box[2], top: top + box[0], dropped }];
}

/** The least ink that a seam from one row crosses to each pixel of another row, and its steps back, by row. */
function cheapest(line, from, to) {
  const { width } = line;
  const direction = Math.sign(to - from);
  const steps = [];
  let cost = Float64Array.from(line.row(from));
  for (let y = from + direction; from !== to && y !== to + direction; y += direction) {
    const ink = line.row(y);
    const next = new Float64Array(width);
    steps[y] = new Int8Array(width);
    for (let x = 0; x < width; x++) {
      const left = x ? cost[x - 1] + CUT_SIDEWAYS : Infinity;
      const right = x + 1 < width ? cost[x + 1] + CUT_SIDEWAYS : Infinity;
      const best = Math.min(cost[x], left, right);
      steps[y][x] = best === cost[x] ? 0 : best === left ? -1 : 1;
      next[x] = best + ink[x];
    }
    cost = next;
  }
  return { cost, steps };
}

/** The columns of cuts: the middle of each gap, and the thinnest joints that are not too near to another cut. */
function minima(cost) {
  const chosen = runs([...cost].map((value) => value < CUT_FREE)).map(([start, end]) => Math.floor((start + end - 1) / 2));
  const smooth = blurred(new Grid(1, cost.length, Float32Array.from(cost)), CUT_SMOOTH).data;
  const low = [];
  for (let x = 1; x + 1 < cost.length; x++) if (smooth[x] <= smooth[x - 1] && smooth[x] <= smooth[x + 1]) low.push(x);
  for (const x of low.sort((a, b) => cost[a] - cost[b])) {
    if (cost[x] <= CUT_MOST_INK && chosen.every((other) => Math.abs(x - other) >= CUT_DISTANCE)) chosen.push(x);
  }
  return chosen.sort((a, b) => a - b);
}

/** Straight cuts from valleys of the ink's upper edge to valleys of its lower edge. */
function betweenValleys(line) {
  const { height, width } = line;
  const above = new Array(width).fill(-1);
  const below = new Array(width).fill(-1);
  for (let y = 0; y < height; y++) {
    line.row(y).forEach((value, x) => {
      if (!(value > INKED)) return;
      if (above[x] < 0) above[x] = y;
      below[x] = height - 1 - y;
    });
  }
  const [upper, lower] = [valleys(above), valleys(below)];
  const nearest = (some, x) => some.reduce((best, other) => (best === null || Math.abs(other - x) < Math.abs(best - x) ? other : best), null) ?? x;
  const ends = [...upper.map((x) => [x, nearest(lower, x)]), ...lower.map((x) => [nearest(upper, x), x])];
  const found = new Map();
  const add = (u, v) => found.set(`${u} ${v}`, [u, v]);
  for (const [u, v] of ends) if (Math.abs(u - v) <= CUT_LEANING * height) add(u, v);
  const leaning = [...found.values()].flat();
  for (const x of [...upper, ...lower]) if (!leaning.includes(x)) add(x, x);
  const sorted = [...found.values()].sort(([a, b], [c, d]) => a - c || b - d);
  return sorted.map(([u, v]) => {
    const [top, bottom] = [above[u], height - 1 - below[v]];
    const ys = [top, Math.max(bottom, top + 1)];
    return Array.from({ length: height }, (_, y) => clip(round(interpolated(y, ys, [u, v])), 0, width - 1));
  });
}

/** The ink that a seam crosses, in pixels, also where it goes far sideways within a row. */
function inkAlong(line, seam) {
  let sum = 0;
  for (let y = 0; y < line.height; y++) {
    const [a, b] = [seam[y], seam[y + 1] ?? seam[y]];
    sum += total(line.row(y).subarray(Math.min(a, b), Math.max(b, a, a + 1)));
  }
  return sum;
}

/** The columns of valleys: the depth is greatest there, and less on both sides. depth: -1 without ink. */
function valleys(depth) {
  const deepest = depth.map((value, x) => value >= 0 && value === Math.max(...depth.slice(Math.max(0, x - CUT_DISTANCE), x + CUT_DISTANCE + 1)));
  const found = [];
  for (const [start, end] of runs(deepest)) {
    const sides = [depth.slice(Math.max(0, start - VALLEY_REACH), start), depth.slice(end, end + VALLEY_REACH)];
    const falls = (side) => depth[start] - smallest(side.filter((value) => value >= 0), depth[start]) >= VALLEY_DEPTH;
    if (sides.every((side) => side.length && falls(side))) found.push(Math.floor((start + end - 1) / 2));
  }
  return found;
}

/** The cuts from left to right, without those similar to one that crosses less ink. */
function withoutSimilar(all) {
  const kept = [];
  const differ = (a, b) => a.seam.reduce((sum, x, y) => sum + Math.abs(x - b.seam[y]), 0) / a.seam.length >= CUT_DIFFERENCE;
  for (const cut of [...all].sort((a, b) => a.crossed - b.crossed)) {
    if (kept.length < CUTS && kept.every((other) => differ(cut, other))) kept.push(cut);
  }
  return kept.sort((a, b) => total(a.seam) - total(b.seam));
}
