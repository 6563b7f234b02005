/** Tiles: the digits of a strip as images of MNIST. A copy of read/tiles.py. */

import {
  CONTENT_PART, DOT_AREA, DOT_ROOM, DOT_SIZE, TILE_CONNECTED, TILE_INK, TILE_LEAST_HALF, TILE_OUTER, TILE_PAD_X,
  TILE_PAD_Y, TILE_PAPER, TILE_SCALE,
} from "./constants.js";
import { Grid, clip, components, cv, largest, morphed, ones, otsu, round, smallest, total } from "./vision.js";
import { normalise } from "./normalise.js";
import { ROWS, cut } from "./strips.js";

/**
 * The tile {image, a Grid, dotted} of each wanted box; null for the others.
 * boxes: {left, top, right, bottom} of the glyphs on the strip, from left to right, in pixels of the picture.
 */
export function tiles(gray, strip, boxes, wanted) {
  if (!wanted.some(Boolean)) return boxes.map(() => null);
  const fine = strip.matrix.map(([a, b, c]) => [a / TILE_SCALE, b / TILE_SCALE, c]);
  const pixels = cut(gray, { matrix: fine, width: strip.width * TILE_SCALE }, ROWS * TILE_SCALE);
  const back = inverse(strip.matrix).map((row) => row.map((value) => value * TILE_SCALE));
  const at = (x, y) => back.map(([a, b, c]) => a * x + b * y + c);
  const places = boxes.map(({ left, top, right, bottom }) => {
    const [x0, y0] = at(left, top);
    const [x1, y1] = at(right, bottom);
    return { left: x0, top: y0, right: x1, bottom: y1, middle: at((left + right) / 2, (top + bottom) / 2)[0] };
  });
  const pieces = places.map(({ left, top, right, bottom, middle }, i) => {
    if (!wanted[i]) return null;
    let [x0, x1] = [left - TILE_PAD_X, right + TILE_PAD_X];
    if (i > 0) x0 = Math.max(x0, Math.min(middle - TILE_LEAST_HALF, (places[i - 1].right + left) / 2));
    if (i + 1 < places.length) x1 = Math.min(x1, Math.max(middle + TILE_LEAST_HALF, (places[i + 1].left + right) / 2));
    const [first, last] = [x0, x1].map((x) => clip(round(x), 0, pixels.width));
    const [above, below] = [top - TILE_PAD_Y, bottom + TILE_PAD_Y].map((y) => clip(round(y), 0, pixels.height));
    return pixels.crop(above, Math.max(above, below), first, Math.max(first, last));
  });
  const levels = pieces.map((piece) => (piece?.data.length ? levelsOf(piece) : null));
  const bright = total(levels.map((level) => (level ? 2 * level.share - 1 : 0))) < 0;
  return pieces.map((piece, i) => {
    if (!piece) return null;
    const image = normalise(levels[i] ? own(ink(piece, levels[i], bright)) : new Grid(1, 1));
    const pair = levels[i] && i + 1 < places.length && wanted[i + 1];
    return { image, dotted: Boolean(pair) && isDotted(pixels, places[i], places[i + 1], levels[i], bright) };
  });
}

/** Whether there is a small mark between the lower halves of two digits. */
function isDotted(pixels, left, right, level, bright) {
  const tall = (left.bottom - left.top + right.bottom - right.top) / 2;
  const rows = [(left.top + right.top + tall) / 2, Math.max(left.bottom, right.bottom) + DOT_SIZE * tall];
  const [above, below] = rows.map((y) => clip(round(y), 0, pixels.height));
  const [first, last] = [left.right, right.left].map((x) => clip(round(x), 0, pixels.width));
  if (below - above < DOT_ROOM || last - first < DOT_ROOM) return false;
  const { parts } = components(ink(pixels.crop(above, below, first, last), level, bright).above(TILE_CONNECTED));
  const [width, height] = [last - first, below - above];
  return parts.slice(1).some((part) =>
    part.x > 0 && part.x + part.width < width && part.y > 0 && part.y + part.height < height
      && Math.max(part.width, part.height) < DOT_SIZE * tall && part.area >= DOT_AREA);
}

/** The box around the writing on a close-up: {left, top, right, bottom}; null if it is blank. */
export function content(gray) {
  const level = levelsOf(gray);
  const parts = components(ink(gray, level, level.share < 0.5).above(TILE_CONNECTED)).parts.slice(1);
  if (!parts.length) return null;
  const large = parts.filter(({ area }) => area >= CONTENT_PART * largest(parts.map((part) => part.area)));
  return {
    left: smallest(large.map(({ x }) => x)),
    top: smallest(large.map(({ y }) => y)),
    right: largest(large.map(({ x, width }) => x + width)),
    bottom: largest(large.map(({ y, height }) => y + height)),
  };
}

/** The affine transform back, as OpenCV's invertAffineTransform. */
function inverse([[a, b, c], [d, e, f]]) {
  const determinant = a * e - b * d;
  const by = determinant ? 1 / determinant : 0;
  const [p, q, r, s] = [e * by, -b * by, -d * by, a * by];
  return [[p, q, -p * c - q * f], [r, s, -r * c - s * f]];
}

/** The mean of the dark and of the bright pixels of a piece, and the share of the bright ones (Otsu 1979). */
function levelsOf(piece) {
  const threshold = otsu(piece);
  const bright = piece.data.filter((value) => value > threshold);
  const [sum, all] = [total(piece.data), piece.data.length];
  if (bright.length === 0 || bright.length === all) return { dark: sum / all, bright: sum / all, share: bright.length / all };
  const brightSum = total(bright);
  return { dark: (sum - brightSum) / (all - bright.length), bright: brightSum / bright.length, share: bright.length / all };
}

/** How much ink is at each pixel of a piece, 0 to 1. */
function ink(piece, { dark, bright }, brightPen) {
  const [paper, pen] = brightPen ? [dark, bright] : [bright, dark];
  if (Math.abs(paper - pen) < 1) return new Grid(piece.height, piece.width);
  const f = Math.fround;
  const [zero, unit, faint, full] = [paper, pen - paper, TILE_PAPER, TILE_INK - TILE_PAPER].map(f);
  return piece.map((value) => clip(f(f(f(f(value - zero) / unit) - faint) / full), 0, 1), Float32Array);
}

/** The ink of a piece without parts of other glyphs at its edges. */
function own(piece) {
  const { height, width } = piece;
  const { labels, parts } = components(piece.above(TILE_CONNECTED));
  const kept = parts.map((part, k) => {
    const edge = part.x === 0 || part.x + part.width === width || part.y === 0 || part.y + part.height === height;
    const inner = [part.cx / width, part.cy / height].every((middle) => TILE_OUTER < middle && middle < 1 - TILE_OUTER);
    return k > 0 && (!edge || inner);
  });
  if (!kept.some(Boolean)) return piece;
  const mask = morphed(labels.map((label) => Number(kept[label]), Uint8Array), cv.MORPH_DILATE, ones(3, 3));
  return piece.map((value, i) => value * mask.data[i]);
}
