/** MNIST's form: how the ink of one digit becomes the 28 x 28 image that the network knows. A copy of read/form.py. */

import { Grid, clip, cv, distances, ellipse, largest, morphed, resized, round, total } from "./vision.js";

export const SIDE = 28;
const BOX = 20;
const FINE = 4;
const THIN = 1.5;
const THICK = 4;
const FAINT = Math.fround(0.2);

/** Bring a digit's ink, 0 to 1, into MNIST's form. */
export function form(ink) {
  const cropped = crop(ink);
  if (!cropped) return new Grid(SIDE, SIDE);
  const small = fit(crop(mendStrokes(fit(cropped, BOX * FINE))), BOX);
  const strong = small.data.filter((value) => value > FAINT).sort();
  const most = strong.length ? strong[Math.floor(0.9 * strong.length)] : 1;
  return centre(strong.length ? small.map((value) => Math.min(value / most, 1)) : small);
}

/** Whether an image (Uint8Array, bright ink on dark) is of MNIST's form already. */
export function hasForm(image) {
  if (image.height !== SIDE || image.width !== SIDE || largest(image.data, 0) < 128) return false;
  const [top, bottom, left, right] = image.box(8);
  if (Math.max(bottom - top, right - left) !== BOX) return false;
  return middles(image).every((middle) => Math.abs(middle - SIDE / 2) < 1);
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

/** The smallest rectangle with all the ink; null where there is none. */
function crop(ink) {
  const box = ink.box(Math.min(FAINT, 0.5 * largest(ink.data, 0)));
  return box && ink.crop(...box);
}

/** Scale to fit a square of `side`, the aspect ratio kept. */
function fit(ink, side) {
  const scale = side / Math.max(ink.height, ink.width);
  const [width, height] = [ink.width, ink.height].map((length) => Math.max(1, round(length * scale)));
  return resized(ink, width, height, scale < 1 ? cv.INTER_AREA : cv.INTER_CUBIC).map((value) => clip(value, 0, 1));
}

/** Widen thin strokes and narrow thick ones, on the fine grid. */
function mendStrokes(fine) {
  const width = strokeWidth(fine);
  const missing = Math.min(THIN * FINE - width, 0.25 * BOX * FINE);
  const excess = Math.min(width - THICK * FINE, 0.5 * width);
  const roomy = fine.padded(BOX);
  if (missing >= 1) return morphed(roomy, cv.MORPH_DILATE, disc(missing));
  if (excess < 1) return roomy;
  const narrowed = morphed(roomy, cv.MORPH_ERODE, disc(excess));
  return total(narrowed.data) > 0.3 * total(roomy.data) ? narrowed : roomy;
}

/** The mean width of the strokes, in pixels; 0 where there is none. */
function strokeWidth(ink) {
  const inside = ink.above(0.5).padded(1);
  const within = distances(inside).data.filter((_, i) => inside.data[i]);
  return within.length ? 4 * (total(within) / within.length - 0.5) : 0;
}

const disc = (diameter) => ellipse(round(diameter) + 1);

/** Place on the empty tile with the centre of mass in the middle, as far as the ink stays inside. */
function centre(small) {
  const tile = new Grid(SIDE, SIDE);
  const lengths = [small.height, small.width];
  const [top, left] = middles(small).map((middle, axis) => clip(round(SIDE / 2 - middle), 0, SIDE - lengths[axis]));
  for (let y = 0; y < small.height; y++) tile.data.set(small.row(y), (top + y) * SIDE + left);
  return tile;
}
