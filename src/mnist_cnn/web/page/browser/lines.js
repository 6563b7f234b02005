/** Lines: the lines of writing on a picture, each made level and scaled to one height. A copy of read/lines.py. */

import {
  LINE_DOT_BELOW, LINE_DOT_GAP, LINE_EXTENT, LINE_GAP, LINE_HEIGHT_INK, LINE_HEIGHT_QUANTILES, LINE_HIGHEST, LINE_INK,
  LINE_LARGE, LINE_LARGEST_SCALE, LINE_MARGIN, LINE_OVERLAP, LINE_PAD, LINE_REDUCED, LINE_REDUCED_BLUR, LINE_STEEPEST,
  LINE_STROKE_APART, LINE_STROKE_HEIGHT, LINE_STROKE_SHARED, LINE_TILT_FAR, LINE_TILT_HEIGHT, LINE_TILT_PARTS,
  LINE_TILT_POINTS, LINE_TILT_WIDE, LINE_WIDEST, PART_BIG, PART_COVER, PART_COVER_EDGES, PART_EDGE, PART_FLAT_LONG,
  PART_FLAT_RATIO, PART_FLAT_THIN, PART_FRAME, PART_HOLLOW, PART_SPECK, PART_SPECK_AREA, SLANTS, SLANT_COLUMNS,
  SLANT_COST, SLANT_PIXELS, SLANT_TAKEN, SLANT_WIDE,
} from "./constants.js";
import { blurred, clip, components, cv, largest, median, morphed, ones, quantile, round, smallest, spread, straight, total, warped } from "./vision.js";

export const HEIGHT = 64;

/** A part of the picture with one line of writing: its ink, and the affine transform from its pixels to the picture. */
class Line {
  constructor(ink, toPicture) {
    Object.assign(this, { ink, toPicture });
  }

  /** The upright rectangle around a rectangle on the line, on a picture of a size that is smaller by `scale`. */
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
  const { labels, parts } = components(ink.above(LINE_INK));
  parts.forEach((part, label) => Object.assign(part, { label }));
  const written = writing(parts.slice(1), ink);
  if (!written.length) return [];
  const height = heightOf(written);
  const found = groups(written, height).map((group) => ({ top: smallest(group.map((part) => part.y), Infinity), line: straightened(ink, labels, group) }));
  return found.filter(({ line }) => line).sort((a, b) => a.top - b.top).map(({ line }) => line);
}

/** The connected parts that may be writing: no specks, no frames, no shadows at the edge. */
function writing(parts, { width: w, height: h }) {
  const judged = parts.map((part) => {
    const { x, y, width, height, area } = part;
    const side = Math.max(width, height);
    const [left, top, right, bottom] = [x <= PART_EDGE, y <= PART_EDGE, x + width >= w - PART_EDGE, y + height >= h - PART_EDGE];
    const edges = left + top + right + bottom;
    const big = side > PART_BIG * Math.max(w, h);
    const level = height < PART_FLAT_THIN * h && width > PART_FLAT_LONG * w && (top || bottom);
    const upright = width < PART_FLAT_THIN * w && height > PART_FLAT_LONG * h && (left || right);
    const flat = (level || upright) && side > PART_FLAT_RATIO * Math.min(width, height);
    const hollow = area < PART_HOLLOW * width * height;
    const cover = area > PART_COVER * w * h || (area > PART_COVER_EDGES * w * h && edges >= 3);
    const frame = width > PART_FRAME * w && height > PART_FRAME * h && hollow && edges > 0;
    return { part, side, area, big, flat, edges, none: (edges && flat) || cover || frame || (big && hollow && edges >= 2) };
  });
  const most = largest(judged.filter(({ edges, flat, big }) => !(edges && (flat || big))).map(({ side }) => side), 0);
  return judged.filter(({ side, area, none }) => !none && side >= PART_SPECK * most && area >= PART_SPECK_AREA).map(({ part }) => part);
}

/** The height of the writing: the median of the heights of the parts, weighted by their squares. */
function heightOf(parts) {
  const heights = parts.map((part) => part.height).sort((a, b) => a - b);
  let rest = heights.reduce((sum, height) => sum + height ** 2, 0) / 2;
  return heights.find((height) => (rest -= height ** 2) <= 0);
}

/** The parts of each line. Neighbours that overlap vertically and are near are in one line. height: of the writing. */
function groups(parts, height) {
  const group = parts.map((_, i) => i);
  parts.forEach((a, i) => {
    const near = parts.flatMap((b, j) => (group[j] !== group[i] && areTogether(a, b, height) ? [j] : []));
    for (const j of near) {
      const other = group[j];
      group.forEach((value, k) => {
        if (value === other) group[k] = group[i];
      });
    }
  });
  const numbers = [...new Set(group)].sort((a, b) => a - b);
  const found = numbers.map((number) => parts.filter((_, i) => group[i] === number));
  return found.filter((some) => some.some((part) => part.height > LINE_LARGE * height));
}

/** Whether two parts are in one line. */
function areTogether(a, b, height) {
  const large = (part) => part.height > LINE_LARGE * height;
  const gap = Math.max(a.x, b.x) - Math.min(a.x + a.width, b.x + b.width);
  const overlap = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const lower = Math.min(a.height, b.height);
  if (gap < LINE_GAP * height && overlap > LINE_OVERLAP * lower && large(a) && large(b)) return true;
  const above = gap < -LINE_STROKE_SHARED * Math.min(a.width, b.width) && -overlap < LINE_STROKE_APART * height;
  if (above && lower < LINE_STROKE_HEIGHT * height) return true;
  const middle = b.y + b.height / 2;
  return large(a) && !large(b) && middle > a.y && middle < a.y + LINE_DOT_BELOW * a.height && gap < LINE_DOT_GAP * height;
}

/** The line of a group of parts, level, without slant and scaled; null if it has hardly ink. */
function straightened(ink, labels, group) {
  const x0 = Math.max(0, smallest(group.map((part) => part.x), Infinity) - LINE_PAD);
  const y0 = Math.max(0, smallest(group.map((part) => part.y), Infinity) - LINE_PAD);
  const right = Math.min(ink.width, largest(group.map((part) => part.x + part.width), 0) + LINE_PAD);
  const bottom = Math.min(ink.height, largest(group.map((part) => part.y + part.height), 0) + LINE_PAD);
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
  const inked = moved(piece.points(LINE_EXTENT), shear);
  const [x1, y1] = inked.map((values) => smallest(values, Infinity));
  const [x2, y2] = inked.map((values) => largest(values, -Infinity) + 1);
  const scale = Math.min(HEIGHT / Math.max(textHeight(piece, shear), 1e-6), LINE_LARGEST_SCALE, LINE_WIDEST / Math.max(x2 - x1, 1), LINE_HIGHEST / Math.max(y2 - y1, 1));
  const [first, second] = shear.map((row) => row.map((value) => scale * value));
  const forward = [[...first, LINE_MARGIN - scale * x1], [...second, LINE_MARGIN - scale * y1]];
  if (scale < LINE_REDUCED) piece = blurred(piece, LINE_REDUCED_BLUR / scale);
  const [width, height] = [round(scale * (x2 - x1)) + 2 * LINE_MARGIN, round(scale * (y2 - y1)) + 2 * LINE_MARGIN];
  const line = warped(piece, forward, width, height, scale > 1 ? cv.INTER_CUBIC : cv.INTER_LINEAR, cv.BORDER_CONSTANT);
  const [back, last] = inverse(forward);
  back[2] += x0;
  last[2] += y0;
  return new Line(line.map((value) => clip(value, 0, 1)), [back, last]);
}

/** The affine transform back. */
function inverse([[a, b, c], [d, e, f]]) {
  const determinant = a * e - b * d;
  const [p, q, r, s] = [e, -b, -d, a].map((value) => value / determinant);
  return [[p, q, -(p * c + q * f)], [r, s, -(r * c + s * f)]];
}

/** Points moved by a matrix: [xs, ys]. */
function moved({ columns, rows }, [[a, b], [c, d]]) {
  return [columns.map((x, i) => a * x + b * rows[i]), columns.map((x, i) => c * x + d * rows[i])];
}

/** The rotation, at most 25 degrees, that makes a line of several digits level. */
function turnOf(piece, group) {
  const tallest = largest(group.map((part) => part.height), 0);
  const large = group.filter((part) => part.height > LINE_TILT_HEIGHT * tallest);
  const { columns, rows } = piece.points(0.5);
  let angle = 0;
  if (large.length >= LINE_TILT_PARTS) angle = slope(large.map((part) => part.x + part.width / 2), large.map((part) => part.y + part.height / 2));
  else if (columns.length && spread(columns) > LINE_TILT_WIDE * spread(rows)) angle = slope(columns, rows);
  const radians = (-clip(angle, -LINE_STEEPEST, LINE_STEEPEST) * Math.PI) / 180;
  return [[Math.cos(radians), -Math.sin(radians)], [Math.sin(radians), Math.cos(radians)]];
}

/** The slope of a straight line through points, in degrees: the median of those between them (Theil 1950). */
function slope(x, y) {
  const degrees = (value) => (Math.atan(value) * 180) / Math.PI;
  if (x.length > LINE_TILT_POINTS) return degrees(straight(x, y)[0]);
  const far = LINE_TILT_FAR * spread(x);
  const slopes = x.flatMap((_, i) => x.flatMap((_, j) => (j > i && Math.abs(x[i] - x[j]) > far ? [(y[i] - y[j]) / (x[i] - x[j])] : [])));
  return slopes.length ? degrees(median(slopes)) : 0;
}

/** The shear that makes the strokes upright: the one with the most nearly empty and nearly full columns. */
function slantOf(points, turn) {
  if (points.columns.length < SLANT_PIXELS) return 0;
  const [x, y] = moved(points, turn);
  const height = spread(y) + 1;
  if (spread(x) < SLANT_WIDE * height) return 0;
  const columnWidth = Math.max(1, height / SLANT_COLUMNS);
  let [best, most] = [0, -1];
  const [first, end, step] = SLANTS;
  const more = first + step - first; // as NumPy's arange, to the last bit, because columns begin at whole numbers
  for (let i = 0; i < Math.ceil((end - first) / step); i++) {
    const slant = first + more * i;
    const places = x.map((value, k) => (value + slant * y[k]) / columnWidth);
    const left = smallest(places, Infinity);
    const filled = new Uint32Array(Math.floor(largest(places, left) - left) + 1);
    for (const place of places) filled[Math.floor(place - left)] += 1;
    const score = total(filled.map((count) => count ** 2)) * (1 - SLANT_COST * Math.abs(slant));
    if (score > most) [best, most] = [slant, score];
  }
  return SLANT_TAKEN * best;
}

/** The height that most of the ink lies in. */
function textHeight(piece, matrix) {
  const points = piece.points(LINE_HEIGHT_INK);
  if (!points.rows.length) return piece.height;
  const [, y] = moved(points, matrix);
  const [low, high] = LINE_HEIGHT_QUANTILES;
  return quantile(y, high) - quantile(y, low) + 1;
}
