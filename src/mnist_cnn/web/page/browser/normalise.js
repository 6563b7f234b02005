/** Normalise: the ink of one digit as the 28 x 28 image that the classifier knows. A copy of read/normalise.py. */

import {
  EXTENT_INK, EXTENT_SHARE, FULL_QUANTILE, NORMALISED_BRIGHT, NORMALISED_INK, NORMALISED_OFFSET, STROKE_LEFT,
  STROKE_NARROWED, STROKE_SCALE, STROKE_THICK, STROKE_THIN, STROKE_WIDENED,
} from "./constants.js";
import { Grid, clip, cv, distances, ellipse, largest, morphed, resized, round, total } from "./vision.js";

export const SIDE = 28;
const BOX = 20;
const PAPER = Math.fround(EXTENT_INK);

/** The tile of a digit's ink, 0 to 1. Without ink the tile is empty. */
export function normalise(ink) {
  const cropped = crop(ink);
  if (!cropped) return new Grid(SIDE, SIDE);
  const small = fit(crop(withUsualStrokes(fit(cropped, BOX * STROKE_SCALE))), BOX);
  const strong = small.data.filter((value) => value > PAPER).sort();
  const most = strong.length ? strong[Math.floor(FULL_QUANTILE * strong.length)] : 1;
  return centred(strong.length ? small.map((value) => Math.min(value / most, 1)) : small);
}

/** Whether an image (Uint8Array, bright ink on dark) is normalised already. */
export function isNormalised(image) {
  if (image.height !== SIDE || image.width !== SIDE || largest(image.data, 0) < NORMALISED_BRIGHT) return false;
  const [top, bottom, left, right] = image.box(NORMALISED_INK);
  if (Math.max(bottom - top, right - left) !== BOX) return false;
  return middles(image).every((middle) => Math.abs(middle - SIDE / 2) < NORMALISED_OFFSET);
}

/** The row and the column of the centre of mass. */
function middles({ height, width, data }) {
  const mass = total(data);
  if (!mass) return [(height - 1) / 2, (width - 1) / 2];
  let [rows, columns] = [0, 0];
  data.forEach((value, i) => {
    rows += value * Math.floor(i / width);
    columns += value * (i % width);
  });
  return [rows / mass, columns / mass];
}

/** The smallest rectangle with all the ink; null without ink. */
function crop(ink) {
  const box = ink.box(Math.min(PAPER, EXTENT_SHARE * largest(ink.data, 0)));
  return box && ink.crop(...box);
}

/** Ink scaled to fit a square of `side` pixels, with its aspect ratio kept. */
function fit(ink, side) {
  const scale = side / Math.max(ink.height, ink.width);
  const [width, height] = [ink.width, ink.height].map((length) => Math.max(1, round(length * scale)));
  return resized(ink, width, height, scale < 1 ? cv.INTER_AREA : cv.INTER_CUBIC).map((value) => clip(value, 0, 1));
}

/** Ink on the fine grid with thin strokes widened and thick ones narrowed. */
function withUsualStrokes(fine) {
  const width = strokeWidth(fine);
  const missing = Math.min(STROKE_THIN * STROKE_SCALE - width, STROKE_WIDENED * BOX * STROKE_SCALE);
  const excess = Math.min(width - STROKE_THICK * STROKE_SCALE, STROKE_NARROWED * width);
  const roomy = fine.padded(BOX);
  if (missing >= 1) return morphed(roomy, cv.MORPH_DILATE, disc(missing));
  if (excess < 1) return roomy;
  const narrowed = morphed(roomy, cv.MORPH_ERODE, disc(excess));
  return total(narrowed.data) > STROKE_LEFT * total(roomy.data) ? narrowed : roomy;
}

/** The mean width of the strokes, in pixels; 0 without ink. */
function strokeWidth(ink) {
  const inside = ink.above(0.5).padded(1);
  const within = distances(inside).data.filter((_, i) => inside.data[i]);
  return within.length ? 4 * (total(within) / within.length - 0.5) : 0;
}

/** A disc as a kernel. */
const disc = (diameter) => ellipse(round(diameter) + 1);

/** A tile with ink whose centre of mass is in the middle, as far as the ink stays inside. */
function centred(small) {
  const tile = new Grid(SIDE, SIDE);
  const lengths = [small.height, small.width];
  const [top, left] = middles(small).map((middle, axis) => clip(round(SIDE / 2 - middle), 0, SIDE - lengths[axis]));
  for (let y = 0; y < small.height; y++) tile.data.set(small.row(y), (top + y) * SIDE + left);
  return tile;
}
