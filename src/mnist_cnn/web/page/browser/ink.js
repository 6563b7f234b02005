/** Ink: how much ink is at each pixel of a grey picture. A copy of read/ink.py, which gives the reasons. */

import {
  INK_ALONG_RULE, INK_BLUR, INK_BLUR_RANGE, INK_CLOSE_PART, INK_CLOSE_UP, INK_DARKEST_PAPER, INK_EDGE_WEIGHTS,
  INK_GRAIN, INK_LEAST, INK_LEAST_DISC, INK_LEVEL_GRAIN, INK_LEVEL_LEAST, INK_LEVEL_TOP, INK_NONE, INK_PAGE_PART,
  INK_PAPER_BLUR, INK_REDUCED, INK_SAMPLE, INK_TOP_QUANTILE, INK_TOP_SAMPLE, INK_WEAK,
} from "./constants.js";
import { reduced, withoutLines } from "./ruled_lines.js";
import {
  Grid, blurred, bordered, clip, components, cv, ellipse, largest, mean, median, morphed, ones, otsu, quantile, resized, smallest, total,
} from "./vision.js";

/** How much ink is at each pixel of a picture (Uint8Array): Float32Array, 0 to 1. */
export function ink(gray, broad, ruled) {
  const contrast = contrastOf(gray, broad);
  const nothing = new Grid(gray.height, gray.width);
  let level = levelOf(contrast);
  if (level === null) return nothing;
  let mask = connected(contrast, level);
  if (ruled) {
    const kept = withoutLines(mask);
    const onLines = contrast.data.filter((_, i) => mask.data[i] && !kept.data[i]);
    if (onLines.length) {
      const faint = Math.fround(INK_ALONG_RULE * median(onLines));
      contrast.data.forEach((value, i) => {
        if (mask.data[i] && !kept.data[i] && value < faint) contrast.data[i] = 0;
      });
      level = levelOf(contrast);
      if (level === null) return nothing;
      mask = connected(contrast, level);
    }
  }
  const strong = Math.fround(level);
  const clear = contrast.data.filter((value, i) => mask.data[i] && value > strong);
  const full = Math.max(clear.length ? median(clear) : 1, level);
  const low = INK_NONE * INK_WEAK * level;
  const [start, range] = [Math.fround(low), Math.fround(full - low)];
  const near = morphed(mask, cv.MORPH_DILATE, ones(3, 3));
  return contrast.map((value, i) => (near.data[i] ? clip(Math.fround(value - start) / range, 0, 1) : 0));
}

/** How much darker (for chalk, brighter) each pixel is than the paper around it, 0 to 1. */
function contrastOf(gray, broad) {
  let smooth = blurred(gray, clip(Math.min(gray.height, gray.width) / INK_BLUR, ...INK_BLUR_RANGE));
  if (!isDark(smooth, broad)) smooth = smooth.map((value) => 255 - value);
  const paper = paperOf(smooth, broad);
  return paper.map((value, i) => clip((value - smooth.data[i]) / Math.max(value, INK_DARKEST_PAPER), 0, 1), Float32Array);
}

/** The share of the picture that strokes are narrower than. */
const partOf = (broad) => (broad ? INK_CLOSE_PART : INK_PAGE_PART);

/** Whether the ink is darker than the paper: ink is rare, differs much and is seldom at the edge. */
function isDark(gray, broad) {
  const [small] = reduced(gray, INK_REDUCED);
  const around = blurred(small.map((value) => value, Float32Array), (partOf(broad) * Math.min(small.height, small.width)) / 2);
  let [squares, cubes] = [0, 0];
  small.data.forEach((value, i) => {
    const difference = value - around.data[i];
    squares += difference * difference;
    cubes += difference * difference * difference;
  });
  const n = small.data.length;
  const skewness = cubes / n / Math.max(squares / n, 1e-6) ** 1.5;
  const { height, width } = gray;
  const columns = [...Array(height).keys()];
  const edge = [...gray.row(0), ...gray.row(height - 1), ...columns.map((y) => gray.row(y)[0]), ...columns.map((y) => gray.row(y)[width - 1])];
  const middle = (smallest(gray.data, 255) + largest(gray.data, 0)) / 2;
  const bright = edge.filter((value) => value > middle).length / edge.length;
  const [close, page] = INK_EDGE_WEIGHTS;
  return -skewness + (broad ? close : page) * (2 * bright - 1) >= 0;
}

/** The brightness of the paper under dark strokes. */
function paperOf(gray, broad) {
  const { height, width } = gray;
  const [small, scale] = reduced(gray, INK_REDUCED);
  const side = Math.max(INK_LEAST_DISC, Math.floor(partOf(broad) * Math.min(height, width) * scale)) | 1;
  const border = Math.min(height, width) < INK_CLOSE_UP ? cv.BORDER_REFLECT : cv.BORDER_REPLICATE;
  const negative = ({ height, width, data }) => new Grid(height, width, data.map((value) => 255 - value));
  const closed = negative(brightest(negative(brightest(bordered(small, side, side, side, side, border), side)), side));
  const box = Math.floor(side / INK_PAPER_BLUR) | 1;
  const paper = mean(closed, box, box).crop(side, side + small.height, side, side + small.width);
  return resized(paper, width, height, cv.INTER_LINEAR);
}

/** The brightest value within a disc of an odd diameter around each pixel. */
function brightest(gray, side) {
  const { height, width } = gray;
  const disc = ellipse(side);
  const found = new Uint8Array(height * width);
  let [wide, reach] = [gray, 0];
  for (let dy = 0; dy <= side >> 1; dy++) {
    const most = total(disc.row(dy)) >> 1;
    for (; reach < most; reach++) wide = morphed(wide, cv.MORPH_DILATE, ones(1, 3));
    const { data } = wide;
    const shift = ((side >> 1) - dy) * width;
    for (let i = 0, j = shift; j < data.length; i++, j++) {
      if (data[j] > found[i]) found[i] = data[j];
      if (data[i] > found[j]) found[j] = data[i];
    }
  }
  return new Grid(height, width, found);
}

/** The contrast between paper and ink (Otsu 1979); null if nothing is darker than the grain of the paper. */
function levelOf({ height, width, data }) {
  const shorter = Math.min(height, width);
  const step = Math.max(1, Math.floor(shorter / INK_SAMPLE));
  const some = new Float32Array(Math.ceil(height / step) * Math.ceil(width / step));
  let n = 0;
  for (let y = 0; y < height; y += step) for (let x = 0; x < width; x += step) some[n++] = data[y * width + x];
  const top = Math.fround(some.length > INK_TOP_SAMPLE ? quantile(some, INK_TOP_QUANTILE) : largest(some, 0));
  const middle = Math.fround(median(some));
  const grain = 1.48 * median(some.map((value) => Math.abs(value - middle)));
  const page = Math.ceil(shorter / step) * step >= INK_CLOSE_UP;
  if (top < Math.max(INK_LEAST, page ? middle + INK_GRAIN * grain : 0)) return null;
  const scaled = new Uint8Array(some.map((value) => clip(Math.fround(Math.fround(value / top) * 255), 0, 255)));
  const aboveGrain = Math.min(middle + INK_LEVEL_GRAIN * grain, INK_LEVEL_TOP * top);
  return Math.max((otsu(new Grid(1, scaled.length, scaled)) / 255) * top, INK_LEVEL_LEAST * INK_LEAST, aboveGrain);
}

/** The pixels that are nearly as dark as `level` and connected to darker ones. */
function connected(contrast, level) {
  const strong = Math.fround(level);
  const { labels, parts } = components(contrast.above(INK_WEAK * level));
  const kept = new Uint8Array(parts.length);
  contrast.data.forEach((value, i) => {
    if (value > strong) kept[labels.data[i]] = 1;
  });
  kept[0] = 0;
  return labels.map((label) => kept[label], Uint8Array);
}
