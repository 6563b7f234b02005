/** Strings: the string network, which reads strips. A copy of read/strings.py. */

import { SLASH_FACTOR, STRING_BATCH } from "./constants.js";
import { FRAME, decode } from "./ctc.js";
import { BLANK, SLASH } from "./labels.js";
import { ROWS, contrast } from "./strips.js";
import { together } from "./views.js";
import { largest } from "./vision.js";

/**
 * A string for each strip (a Grid of 40 rows): {marks, probability}. Each mark has a label, x and probabilities.
 * run: the network, from a Float32Array (n, 40, w, 2), n and w to a promise of {data, frames}, log probabilities (n, frames, 22).
 * digits: number of digits, if it is known. A string with this number is preferred to a more probable one.
 */
export async function strings(strips, run, digits = null) {
  return (await framesOf(strips, run)).map((data) => decode(data, digits));
}

/**
 * What is read on all views of the same piece of writing together, for each piece: what `together` returns.
 * views: for each piece the same number of strips, the usual one first.
 * second: what a second reader reads in the first piece: {number, confidence, costs}.
 */
export async function readViews(views, run, { digits = null, second = null } = {}) {
  const frames = await framesOf(views.flat(), run);
  const n = views.length ? views[0].length : 0;
  return views.map((_, i) => together(frames.slice(i * n, (i + 1) * n), digits, i ? null : second));
}

/** The log probabilities of each strip, a Float32Array (width / 2, 22). */
async function framesOf(strips, run) {
  const order = [...strips.keys()].sort((a, b) => strips[a].width - strips[b].width);
  const found = new Array(strips.length);
  for (let start = 0; start < order.length; start += STRING_BATCH) {
    const some = order.slice(start, start + STRING_BATCH);
    const width = largest(some.map((i) => strips[i].width));
    const x = new Float32Array(some.length * ROWS * width * 2);
    some.forEach((i, n) => {
      const [values, row] = [contrast(strips[i]), 2 * strips[i].width];
      for (let y = 0; y < ROWS; y++) x.set(values.subarray(y * row, (y + 1) * row), 2 * width * (n * ROWS + y));
    });
    const { data, frames } = await run(x, some.length, width);
    some.forEach((i, n) => {
      const first = n * frames * (BLANK + 1);
      const count = Math.min(frames, Math.floor(strips[i].width / FRAME));
      found[i] = withFewerSlashes(data.subarray(first, first + count * (BLANK + 1)));
    });
  }
  return found;
}

/** Log probabilities with that of a slash times SLASH_FACTOR, normalised again. */
function withFewerSlashes(data) {
  const n = BLANK + 1;
  const changed = data.slice();
  for (let t = 0; t < data.length; t += n) {
    const by = Math.log1p((SLASH_FACTOR - 1) * Math.exp(data[t + SLASH]));
    for (let i = t; i < t + n; i++) changed[i] = data[i] - by;
    changed[t + SLASH] += Math.log(SLASH_FACTOR);
  }
  return changed;
}
