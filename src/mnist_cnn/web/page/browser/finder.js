/** Finder: where on a picture glyphs are, at any size. A copy of read/finder.py. */

import { Grid, argmax, bordered, clip, cv, morphed, ones, resized, round } from "./vision.js";
import { contrast } from "./strips.js";

const LONGEST = 1280;
const LIKELY = [1, 1, Math.fround(0.2)];
const SHORTEST = 24;
const STRIDE = 4;
const MARGIN = 2 * STRIDE;
const MOST = 3000;
const LEAST = 0.3;
export const [DIGIT, SIGN, OTHER] = [0, 1, 2];
const [COVERED, AS_HOT] = [0.7, 0.8];
const PART = 0.5;
const NEAR = 0.45;

/**
 * The glyphs on grey pixels (a Grid with a Uint8Array): {left, top, right, bottom, kind, heat} of each.
 * run: the network, from a Float32Array (h, w, 2), h and w to a promise of {data, rows, columns}, 7 numbers per cell.
 */
export async function glyphs(gray, run) {
  let found = [];
  for (const scale of scales(gray)) found = found.concat(await at(gray, scale, run));
  return once(found);
}

/** The glyphs that are found on the picture at one size. */
async function at(gray, scale, run) {
  const [height, width] = [gray.height, gray.width].map((side) => Math.max(1, round(side * scale)));
  const small = scale === 1 ? gray : resized(gray, width, height, scale < 1 ? cv.INTER_AREA : cv.INTER_LINEAR);
  const picture = framed(small);
  const { data, rows, columns } = await run(contrast(picture), picture.height, picture.width);
  const heat = new Grid(rows, columns);
  for (let i = 0; i < heat.data.length; i++) heat.data[i] = Math.max(data[7 * i], data[7 * i + 1], data[7 * i + 2]);
  const highest = morphed(heat, cv.MORPH_DILATE, ones(3, 3)).data;
  const found = [];
  heat.data.forEach((value, i) => {
    if (!(value >= highest[i] && value > Math.fround(LEAST))) return;
    const [row, column, values] = [Math.floor(i / columns), i % columns, data.subarray(7 * i, 7 * i + 7)];
    const [tall, wide] = [values[3], values[4]].map((size) => Math.fround(24 * Math.fround(Math.exp(clip(size, -3, 2)))));
    const [x, y] = [(column + values[5] + 0.5) * STRIDE - MARGIN, (row + values[6] + 0.5) * STRIDE - MARGIN];
    const [left, top, right, bottom] = [x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2].map((side) => side / scale);
    found.push({ left, top, right, bottom, kind: argmax(values.subarray(0, 3).map((heat, kind) => heat * LIKELY[kind])), heat: value });
  });
  return found;
}

/** The picture with its edge repeated around it, so that 8 divides both sides. */
export function framed(gray) {
  const [right, bottom] = [gray.width, gray.height].map((side) => (8 - ((side + 2 * MARGIN) % 8)) % 8);
  return bordered(gray, MARGIN, MARGIN + bottom, MARGIN, MARGIN + right);
}

/** The sizes at which a picture is looked at. */
function scales({ height, width }) {
  const longer = Math.max(height, width);
  const found = [longer < 200 ? 2 : Math.min(1, LONGEST / longer)];
  while ((Math.min(height, width) * found.at(-1)) / 2 >= SHORTEST) found.push(found.at(-1) / 2);
  return found;
}

/** Each glyph once, the hottest of those seen at several sizes (non-maximum suppression). */
export function once(found) {
  const kept = [];
  for (const glyph of [...found].sort((a, b) => b.heat - a.heat).slice(0, MOST)) {
    const own = measured(glyph);
    if (!kept.some((other) => same(own, other))) kept.push(own);
  }
  return withoutParts(withoutCovers(kept)).map(({ glyph }) => glyph);
}

/** The glyphs without those that cover two or more digits about as hot: rows seen as one. */
function withoutCovers(measures) {
  const digits = measures.filter(({ glyph }) => glyph.kind === DIGIT);
  return measures.filter(({ tall, glyph: { left, top, right, bottom, heat } }) => {
    const inside = (d) => d.x > left && d.x < right && d.y > top && d.y < bottom && d.tall < COVERED * tall;
    return digits.filter((d) => inside(d) && d.glyph.heat > AS_HOT * heat).length < 2;
  });
}

/** The glyphs without digits inside a hotter glyph that is more than twice as high. */
function withoutParts(measures) {
  return measures.filter(({ x, y, tall, glyph }) =>
    glyph.kind !== DIGIT || !measures.some(({ tall: high, glyph: { left, top, right, bottom, heat } }) =>
      x > left && x < right && y > top && y < bottom && tall < PART * high && glyph.heat < heat));
}

function measured(glyph) {
  const { left, top, right, bottom } = glyph;
  return { x: (left + right) / 2, y: (top + bottom) / 2, wide: right - left, tall: bottom - top, glyph };
}

function same(a, b) {
  const [dx, dy] = [Math.abs(a.x - b.x), Math.abs(a.y - b.y)];
  const [w, t] = [Math.max(a.wide, b.wide), Math.max(a.tall, b.tall)];
  if (!(dx < NEAR * w && dy < NEAR * t)) return false;
  const small = Math.min(a.wide, b.wide) < 0.6 * w && Math.min(a.tall, b.tall) < 0.6 * t;
  return !(small && dy > 0.25 * t);
}
