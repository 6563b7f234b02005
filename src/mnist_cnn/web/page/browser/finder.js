/** Finder: where glyphs are on a picture, at any size and on any paper. A copy of read/finder.py. */

import {
  FINDER_COVERED_HEAT, FINDER_COVERED_HEIGHT, FINDER_DOT_BELOW, FINDER_DOT_SIZE, FINDER_ENLARGEMENT, FINDER_HEAT,
  FINDER_KIND_WEIGHTS, FINDER_LOG_SIZES, FINDER_LONGEST, FINDER_PART_HEIGHT, FINDER_PLACES, FINDER_SAME,
  FINDER_SHORTEST, FINDER_SMALL_PICTURE,
} from "./constants.js";
import { Grid, argmax, bordered, clip, cv, morphed, ones, resized, round } from "./vision.js";
import { contrast } from "./strips.js";

const STRIDE = 4;
const MARGIN = 2 * STRIDE;
const UNIT = 24;
export const [DIGIT, SIGN, OTHER] = [0, 1, 2];

/**
 * The glyphs on grey pixels (a Grid with a Uint8Array): {left, top, right, bottom, kind, heat} of each.
 * run: the network, from a Float32Array (h, w, 2), h and w to a promise of {data, rows, columns}, 7 numbers per cell.
 */
export async function glyphs(gray, run) {
  let found = [];
  for (const scale of scales(gray)) found = found.concat(await at(gray, scale, run));
  return once(found);
}

/** The glyphs that are found on a picture at one scale. */
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
    if (!(value >= highest[i] && value > Math.fround(FINDER_HEAT))) return;
    const [row, column, values] = [Math.floor(i / columns), i % columns, data.subarray(7 * i, 7 * i + 7)];
    const [tall, wide] = [values[3], values[4]].map((size) => Math.fround(UNIT * Math.fround(Math.exp(clip(size, ...FINDER_LOG_SIZES)))));
    const [x, y] = [(column + values[5] + 0.5) * STRIDE - MARGIN, (row + values[6] + 0.5) * STRIDE - MARGIN];
    const [left, top, right, bottom] = [x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2].map((side) => side / scale);
    found.push({ left, top, right, bottom, kind: argmax(values.subarray(0, 3).map((heat, kind) => heat * Math.fround(FINDER_KIND_WEIGHTS[kind]))), heat: value });
  });
  return found;
}

/** The picture with its edge repeated around it, so that both sides are multiples of 8. */
export function framed(gray) {
  const [right, bottom] = [gray.width, gray.height].map((side) => (8 - ((side + 2 * MARGIN) % 8)) % 8);
  return bordered(gray, MARGIN, MARGIN + bottom, MARGIN, MARGIN + right);
}

/** The scales at which the finder sees a picture. */
function scales({ height, width }) {
  const longer = Math.max(height, width);
  const found = [longer < FINDER_SMALL_PICTURE ? FINDER_ENLARGEMENT : Math.min(1, FINDER_LONGEST / longer)];
  while ((Math.min(height, width) * found.at(-1)) / 2 >= FINDER_SHORTEST) found.push(found.at(-1) / 2);
  return found;
}

/** Each glyph once, the hottest of those seen at several sizes (non-maximum suppression). */
export function once(found) {
  const kept = [];
  for (const glyph of [...found].sort((a, b) => b.heat - a.heat).slice(0, FINDER_PLACES)) {
    const own = measured(glyph);
    if (!kept.some((other) => same(own, other))) kept.push(own);
  }
  return withoutParts(withoutCovers(kept)).map(({ glyph }) => glyph);
}

/** The glyphs without those that cover two or more digits of similar heat. */
function withoutCovers(measures) {
  const digits = measures.filter(({ glyph }) => glyph.kind === DIGIT);
  return measures.filter(({ tall, glyph: { left, top, right, bottom, heat } }) => {
    const inside = (d) => d.x > left && d.x < right && d.y > top && d.y < bottom && d.tall < FINDER_COVERED_HEIGHT * tall;
    return digits.filter((d) => inside(d) && d.glyph.heat > FINDER_COVERED_HEAT * heat).length < 2;
  });
}

/** The glyphs without digits inside a hotter glyph that is more than twice as high. */
function withoutParts(measures) {
  return measures.filter(({ x, y, tall, glyph }) =>
    glyph.kind !== DIGIT || !measures.some(({ tall: high, glyph: { left, top, right, bottom, heat } }) =>
      x > left && x < right && y > top && y < bottom && tall < FINDER_PART_HEIGHT * high && glyph.heat < heat));
}

/** A glyph with its middle and its size. */
function measured(glyph) {
  const { left, top, right, bottom } = glyph;
  return { x: (left + right) / 2, y: (top + bottom) / 2, wide: right - left, tall: bottom - top, glyph };
}

/** Whether two places are one glyph. */
function same(a, b) {
  const [dx, dy] = [Math.abs(a.x - b.x), Math.abs(a.y - b.y)];
  const [w, t] = [Math.max(a.wide, b.wide), Math.max(a.tall, b.tall)];
  if (!(dx < FINDER_SAME * w && dy < FINDER_SAME * t)) return false;
  const small = Math.min(a.wide, b.wide) < FINDER_DOT_SIZE * w && Math.min(a.tall, b.tall) < FINDER_DOT_SIZE * t;
  return !(small && dy > FINDER_DOT_BELOW * t);
}
