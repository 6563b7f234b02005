/** Glyphs: which of the places that the finder found are read, and how high their digits are. A copy of read/glyphs.py. */

import { CROP_HEIGHT, FAINT_CONTRAST, FAINT_QUANTILE, TALL_SIGN } from "./constants.js";
import { DIGIT, OTHER, SIGN } from "./finder.js";
import { runs, slope } from "./runs.js";
import { argmax, argmin, clip, largest, median, smallest, total } from "./vision.js";

/** The glyphs, with digits that have little contrast as other writing. */
export function withFaintAsOther(gray, glyphs) {
  const contrast = new Map();
  for (const glyph of digitsOf(glyphs)) {
    const x = clip(Math.floor(glyph.left), 0, gray.width - 1);
    const y = clip(Math.floor(glyph.top), 0, gray.height - 1);
    const [right, bottom] = [clip(Math.ceil(glyph.right), x + 1, gray.width), clip(Math.ceil(glyph.bottom), y + 1, gray.height)];
    const { data } = gray.crop(y, bottom, x, right);
    contrast.set(glyph, largest(data) - smallest(data));
  }
  const usual = [...contrast.values()].sort((a, b) => a - b)[Math.floor(FAINT_QUANTILE * (contrast.size - 1))];
  return glyphs.map((glyph) => (contrast.get(glyph) < FAINT_CONTRAST * usual ? { ...glyph, kind: OTHER } : glyph));
}

/** The glyphs, with signs that stand alone and are as high as digits as digits. The string network decides what they are. */
export function withTallSignsAsDigits(glyphs) {
  const inRuns = new Set(runs(glyphs, slope(glyphs)).flat());
  const usual = digitsOf(glyphs).length ? digitHeight(glyphs) : 0;
  const digit = ({ kind, top, bottom }, i) => kind === SIGN && !inRuns.has(i) && bottom - top > TALL_SIGN * usual;
  return glyphs.map((glyph, i) => (digit(glyph, i) ? { ...glyph, kind: DIGIT } : glyph));
}

export const digitsOf = (glyphs) => glyphs.filter(({ kind }) => kind === DIGIT);

/** The median height of the digits among glyphs. */
export const digitHeight = (glyphs) => median(digitsOf(glyphs).map(({ top, bottom }) => bottom - top));

/** The mean [x, y] of the middles of glyphs. */
export function middle(glyphs) {
  const mean = (values) => total(values) / values.length;
  return [mean(glyphs.map(({ left, right }) => left + right)) / 2, mean(glyphs.map(({ top, bottom }) => top + bottom)) / 2];
}

/** Whether a picture is a crop of one line: it has one run and is not much higher than its digits. */
export const isLine = (gray, found) => found.length === 1 && gray.height < CROP_HEIGHT * digitHeight(found[0]);

/** The boxes of the digits of a run, with the outer ones widened by the signs beside them, and to 0 and `width` if it is given. */
export function bounds(run, width) {
  const boxes = run.filter(({ kind }) => kind === DIGIT).map(({ left, top, right, bottom }) => ({ left, top, right, bottom }));
  const [first, last] = [argmin(boxes.map(({ left }) => left)), argmax(boxes.map(({ right }) => right))];
  boxes[first].left = smallest(run.map(({ left }) => left));
  boxes[last].right = largest(run.map(({ right }) => right));
  if (width !== null) {
    boxes[first].left = Math.min(boxes[first].left, 0);
    boxes[last].right = Math.max(boxes[last].right, width);
  }
  return boxes;
}
