/** Lines: where something is written, line by line, each brought upright to one height. A copy of read/lines.py. */

import { blurred, clip, components, cv, largest, median, morphed, ones, quantile, round, smallest, spread, straight, total, warped } from "./vision.js";

export const HEIGHT = 64;
const MARGIN = 16;

/** A piece of the picture with one line on it: its ink, and the affine map from its pixels to the picture's. */
class Line {
  constructor(ink, toPicture) {
    Object.assign(this, { ink, toPicture });
  }

  /** The upright rectangle around one on the line, on a picture of that size, `scale` times smaller. */
  box(left, top, right, bottom, [width, height], scale) {
    const corners = [[left, top], [right, top], [left, bottom], [right, bottom]];
    const points = corners.map(([x, y]) => this.toPicture.map(([a, b, c]) => (a * x + b * y + c) / scale));
    const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
    const [x, y] = [clip(Math.floor(Math.min(...xs)), 0, width - 1), clip(Math.floor(Math.min(...ys)), 0, height - 1)];
    const [x2, y2] = [Math.min(Math.ceil(Math.max(...xs)), width), Math.min(Math.ceil(Math.max(...ys)), height)];
    return { x, y, width: Math.max(1, x2 - x), height: Math.max(1, y2 - y) };
  }
}

/** The lines of writing on ink, from the top down. */
export function lines(ink) {
  const { labels, parts } = components(ink.above(0.35));
  parts.forEach((part, label) => Object.assign(part, { label }));
  const written = writing(parts.slice(1), ink);
  if (!written.length) return [];
  const height = heightOf(written);
  const found = groups(written, height).map((group) => ({ top: smallest(group.map((part) => part.y), Infinity), line: straighten(ink, labels, group) }));
  return found.filter(({ line }) => line).sort((a, b) => a.top - b.top).map(({ line }) => line);
}

/** The connected parts that may be writing: no specks, no frames, no shadows at the edge. */
function writing(parts, { width: w, height: h }) {
  const judged = parts.map((part) => {
    const { x, y, width, height, area } = part;
    const side = Math.max(width, height);
    const [left, top, right, bottom] = [x <= 1, y <= 1, x + width >= w - 1, y + height >= h - 1];
    const edges = left + top + right + bottom;
    const big = side > 0.92 * Math.max(w, h);
    const level = height < 0.1 * h && width > 0.5 * w && (top || bottom);
    const upright = width < 0.1 * w && height > 0.5 * h && (left || right);
    const flat = (level || upright) && side > 5 * Math.min(width, height);
    const hollow = area < 0.12 * width * height;
    const cover = area > 0.6 * w * h || (area > 0.2 * w * h && edges >= 3);
    const frame = width > 0.6 * w && height > 0.6 * h && hollow && edges > 0;
    return { part, side, area, big, flat, edges, none: (edges && flat) || cover || frame || (big && hollow && edges >= 2) };
  });
  const most = largest(judged.filter(({ edges, flat, big }) => !(edges && (flat || big))).map(({ side }) => side), 0);
  return judged.filter(({ side, area, none }) => !none && side >= 0.12 * most && area >= 4).map(({ part }) => part);
}

/** The middle one of the parts' heights, larger parts counting more. */
function heightOf(parts) {
  const heights = parts.map((part) => part.height).sort((a, b) => a - b);
  let rest = heights.reduce((sum, height) => sum + height ** 2, 0) / 2;
  return heights.find((height) => (rest -= height ** 2) <= 0);
}

/** Parts side by side make a line: neighbours that overlap in height and are not far apart. */
function groups(parts, height) {
  const group = parts.map((_, i) => i);
  parts.forEach((a, i) => {
    const near = parts.flatMap((b, j) => (group[j] !== group[i] && together(a, b, height) ? [j] : []));
    for (const j of near) {
      const other = group[j];
      group.forEach((value, k) => {
        if (value === other) group[k] = group[i];
      });
    }
  });
  const numbers = [...new Set(group)].sort((a, b) => a - b);
  const found = numbers.map((number) => parts.filter((_, i) => group[i] === number));
  return found.filter((some) => some.some((part) => part.height > 0.4 * height));
}

function together(a, b, height) {
  const large = (part) => part.height > 0.4 * height;
  const gap = Math.max(a.x, b.x) - Math.min(a.x + a.width, b.x + b.width);
  const overlap = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const lower = Math.min(a.height, b.height);
  if (gap < 2.2 * height && overlap > 0.35 * lower && large(a) && large(b)) return true;
  if (gap < -0.3 * Math.min(a.width, b.width) && -overlap < 0.25 * height && lower < 0.7 * height) return true;
  const middle = b.y + b.height / 2;
  return large(a) && !large(b) && middle > a.y && middle < a.y + 1.1 * a.height && gap < 1.2 * height;
}

/** Cut a group out of the picture, turn it level, take the slant out and scale it. */
function straighten(ink, labels, group) {
  const pad = 2;
  const x0 = Math.max(0, smallest(group.map((part) => part.x), Infinity) - pad);
  const y0 = Math.max(0, smallest(group.map((part) => part.y), Infinity) - pad);
  const right = Math.min(ink.width, largest(group.map((part) => part.x + part.width), 0) + pad);
  const bottom = Math.min(ink.height, largest(group.map((part) => part.y + part.height), 0) + pad);
  const members = new Set(group.map((part) => part.label));
  const member = labels.crop(y0, bottom, x0, right).map((label) => (members.has(label) ? 1 : 0), Uint8Array);
  const near = morphed(member, cv.MORPH_DILATE, ones(3, 3));
  let piece = ink.crop(y0, bottom, x0, right).map((value, i) => (near.data[i] ? value : 0));
  const turn = turnOf(piece, group);
  const clear = piece.points(0.5);
  if (!clear.columns.length) return null;
  const slant = slantOf(clear, turn);
  const [[a, b], [c, d]] = turn;
  const shear = [[a + slant * c, b + slant * d], [c, d]];
  const inked = moved(piece.points(0.2), shear);
  const [x1, y1] = inked.map((values) => smallest(values, Infinity));
  const [x2, y2] = inked.map((values) => largest(values, -Infinity) + 1);
  const scale = Math.min(HEIGHT / Math.max(textHeight(piece, shear), 1e-6), 12, 4000 / Math.max(x2 - x1, 1), 400 / Math.max(y2 - y1, 1));
  const [first, second] = shear.map((row) => row.map((value) => scale * value));
  const forward = [[...first, MARGIN - scale * x1], [...second, MARGIN - scale * y1]];
  if (scale < 0.7) piece = blurred(piece, 0.45 / scale);
  const [width, height] = [round(scale * (x2 - x1)) + 2 * MARGIN, round(scale * (y2 - y1)) + 2 * MARGIN];
  const line = warped(piece, forward, width, height, scale > 1 ? cv.INTER_CUBIC : cv.INTER_LINEAR, cv.BORDER_CONSTANT);
  const [back, last] = inverse(forward);
  back[2] += x0;
  last[2] += y0;
  return new Line(line.map((value) => clip(value, 0, 1)), [back, last]);
}

function inverse([[a, b, c], [d, e, f]]) {
  const determinant = a * e - b * d;
  const [p, q, r, s] = [e, -b, -d, a].map((value) => value / determinant);
  return [[p, q, -(p * c + q * f)], [r, s, -(r * c + s * f)]];
}

function moved({ columns, rows }, [[a, b], [c, d]]) {
  return [columns.map((x, i) => a * x + b * rows[i]), columns.map((x, i) => c * x + d * rows[i])];
}

/** The rotation, at most 25 degrees, that makes a line of several digits level. */
function turnOf(piece, group) {
  const tallest = largest(group.map((part) => part.height), 0);
  const large = group.filter((part) => part.height > 0.5 * tallest);
  const { columns, rows } = piece.points(0.5);
  let angle = 0;
  if (large.length >= 3) angle = slope(large.map((part) => part.x + part.width / 2), large.map((part) => part.y + part.height / 2));
  else if (columns.length && spread(columns) > 2.5 * spread(rows)) angle = slope(columns, rows);
  const radians = (-clip(angle, -25, 25) * Math.PI) / 180;
  return [[Math.cos(radians), -Math.sin(radians)], [Math.sin(radians), Math.cos(radians)]];
}

/** In degrees, of the straight line through points: the median of the slopes between them (Theil 1950). */
function slope(x, y) {
  const degrees = (value) => (Math.atan(value) * 180) / Math.PI;
  if (x.length > 60) return degrees(straight(x, y)[0]);
  const far = 0.3 * spread(x);
  const slopes = x.flatMap((_, i) => x.flatMap((_, j) => (j > i && Math.abs(x[i] - x[j]) > far ? [(y[i] - y[j]) / (x[i] - x[j])] : [])));
  return slopes.length ? degrees(median(slopes)) : 0;
}

/** The shear that makes the strokes upright: the one with the most nearly empty and nearly full columns. */
function slantOf(points, turn) {
  if (points.columns.length < 8) return 0;
  const [x, y] = moved(points, turn);
  const height = spread(y) + 1;
  if (spread(x) < 1.6 * height) return 0;
  const step = Math.max(1, height / 48);
  let [best, most] = [0, -1];
  const more = -0.3 + 0.1 + 0.3; // 0.1 as NumPy's arange has it: to the last bit, for columns begin at whole numbers
  for (let i = 0; i < 13; i++) {
    const slant = -0.3 + more * i;
    const places = x.map((value, k) => (value + slant * y[k]) / step);
    const first = smallest(places, Infinity);
    const filled = new Uint32Array(Math.floor(largest(places, first) - first) + 1);
    for (const place of places) filled[Math.floor(place - first)] += 1;
    const score = total(filled.map((count) => count ** 2)) * (1 - 0.05 * Math.abs(slant));
    if (score > most) [best, most] = [slant, score];
  }
  return 0.75 * best;
}

/** The height that most of the ink lies in. */
function textHeight(piece, matrix) {
  const points = piece.points(0.4);
  if (!points.rows.length) return piece.height;
  const [, y] = moved(points, matrix);
  return quantile(y, 0.98) - quantile(y, 0.02) + 1;
}
