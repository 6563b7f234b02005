/** Strips: a run of writing as a level strip of grey pixels, and its local contrast. A copy of read/strips.py. */

import {
  STRIP_CROP_MARGIN, STRIP_HEIGHT_QUANTILE, STRIP_LEAST_HEIGHT, STRIP_MARGIN, STRIP_NOISE, STRIP_OWN_SLOPE,
  STRIP_REDUCED, STRIP_STEEPEST, STRIP_WIDEST,
} from "./constants.js";
import { Grid, clip, cv, largest, median, quantile, resized, round, smallest, steepness, warped, windowSums } from "./vision.js";

export const ROWS = 40;
export const DIGIT = 24;
const MULTIPLE = 16;
const WINDOWS = [11, 43];

/**
 * The local contrast of grey pixels (a Grid with a Uint8Array): a Float32Array (h, w, 2).
 * All numbers are rounded to 32 bits, as NumPy does.
 */
export function contrast(gray) {
  const { height, width } = gray;
  const f = Math.fround;
  const pixels = gray.map((value) => value, Float32Array);
  const squares = pixels.map((value) => value * value);
  const found = new Float32Array(2 * height * width);
  WINDOWS.forEach((side, channel) => {
    const [sums, sumsOfSquares] = [windowSums(pixels, side).data, windowSums(squares, side).data];
    const [tall, wide] = [windowParts(height, side), windowParts(width, side)];
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        const count = tall[y] * wide[x];
        const mean = f(sums[i] / count);
        const spread = Math.max(f(f(sumsOfSquares[i] / count) - f(mean * mean)), 0);
        found[2 * i + channel] = f(pixels.data[i] - mean) / f(Math.sqrt(f(spread + STRIP_NOISE ** 2)));
      }
    }
  });
  return found;
}

/** How many of the `side` pixels of a window around each of `length` pixels are inside. */
function windowParts(length, side) {
  const half = side >> 1;
  return Array.from({ length }, (_, i) => Math.min(i + half, length - 1) - Math.max(i - half, 0) + 1);
}

/**
 * The strip of a run of digits: {matrix, width}. The matrix is the affine transform from strip to picture coordinates.
 * boxes: {left, top, right, bottom} of each digit, from left to right. slope: tilt of the page.
 */
export function band(boxes, slope = 0) {
  const [x, y] = [boxes.map((box) => (box.left + box.right) / 2), boxes.map((box) => (box.top + box.bottom) / 2)];
  const height = Math.max(quantile(boxes.map((box) => box.bottom - box.top), STRIP_HEIGHT_QUANTILE), STRIP_LEAST_HEIGHT);
  if (boxes.length > 2 && largest(x) - smallest(x) > STRIP_OWN_SLOPE * height) {
    slope = clip(steepness(x, y), -STRIP_STEEPEST, STRIP_STEEPEST);
  }
  const middle = median(y.map((value, i) => value - slope * x[i]));
  const scale = height / DIGIT;
  const [c, s] = [Math.cos(Math.atan(slope)), Math.sin(Math.atan(slope))];
  const [left, right] = [smallest(boxes.map((box) => box.left)), largest(boxes.map((box) => box.right))];
  const width = Math.ceil(((right - left) / c / scale + 2 * STRIP_MARGIN * DIGIT) / MULTIPLE) * MULTIPLE;
  const room = (width * scale - (right - left) / c) / 2;
  const startX = left - room * c - (ROWS / 2) * scale * -s;
  const startY = middle + slope * left - room * s - (ROWS / 2) * scale * c;
  return { matrix: [[c * scale, -s * scale, startX], [s * scale, c * scale, startY]], width: Math.min(width, STRIP_WIDEST) };
}

/** Pixels of the picture per pixel of a strip. */
export const scaleOf = ([[a, b], [c, d]]) => Math.sqrt(Math.abs(a * d - b * c));

/** The strip that shows the same writing larger by the factor `by`. */
export function view({ matrix, width: before }, by) {
  const width = Math.min(Math.ceil((before * by) / MULTIPLE) * MULTIPLE, STRIP_WIDEST);
  const middle = matrix.map(([a, b, c]) => a * (before / 2) + b * (ROWS / 2) + c);
  const linear = matrix.map(([a, b]) => [a / by, b / by]);
  return { matrix: linear.map(([a, b], i) => [a, b, middle[i] - (a * (width / 2) + b * (ROWS / 2))]), width };
}

/** The pixels of a strip: a Grid of rows x width. */
export function cut(gray, { matrix, width }, rows = ROWS) {
  const scale = scaleOf(matrix);
  if (scale <= STRIP_REDUCED) return warped(gray, matrix, width, rows);
  const corners = [[0, 0], [width, 0], [width, rows], [0, rows]].map(([x, y]) => matrix.map(([a, b, c]) => a * x + b * y + c));
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const [x0, y0] = [xs, ys].map((values) => Math.max(Math.floor(smallest(values)) - STRIP_CROP_MARGIN, 0));
  const [x1, y1] = [xs, ys].map((values) => Math.ceil(largest(values)) + STRIP_CROP_MARGIN);
  const [right, bottom] = [Math.min(Math.max(x1, x0 + 1), gray.width), Math.min(Math.max(y1, y0 + 1), gray.height)];
  if (x0 >= right || y0 >= bottom) return new Grid(rows, width, new Uint8Array(rows * width));
  const piece = gray.crop(y0, bottom, x0, right);
  const [wide, high] = [piece.width, piece.height].map((side) => Math.max(1, round(side * (1 / scale))));
  const [sx, sy] = [wide / piece.width, high / piece.height];
  const [[a, b, c], [d, e, f]] = matrix;
  const own = [[sx * a, sx * b, sx * (c + (0.5 - x0)) - 0.5], [sy * d, sy * e, sy * (f + (0.5 - y0)) - 0.5]];
  return warped(resized(piece, wide, high, cv.INTER_AREA), own, width, rows);
}
