/** Runs: glyphs that stand close together, so that one strip shows them. A copy of read/runs.py. */

import {
  RUN_DIGITS, RUN_GAP, RUN_HEIGHT_RATIO, RUN_OVERLAP, RUN_SIGN_GAP, RUN_SIGN_OFFSET, TILT_LOG_RATIO, TILT_OFFSET,
  TILT_REACH,
} from "./constants.js";
import { DIGIT, SIGN } from "./finder.js";
import { argmin, largest, median, smallest } from "./vision.js";

/** The tilt of the page, dy / dx: the median over pairs of a digit and the next one to its right. */
export function slope(glyphs) {
  const digits = glyphs.filter(({ kind }) => kind === DIGIT);
  const [x, y] = [digits.map((g) => (g.left + g.right) / 2), digits.map((g) => (g.top + g.bottom) / 2)];
  const tall = digits.map((g) => Math.max(g.bottom - g.top, 1e-3));
  const slopes = [];
  for (let i = 0; i < digits.length; i++) {
    let [nearest, rise] = [Infinity, 0];
    for (let j = 0; j < digits.length; j++) {
      const [dx, dy] = [x[j] - x[i], y[j] - y[i]];
      if (!(dx > 0 && dx < TILT_REACH * tall[i] && dx < nearest && Math.abs(dy) < TILT_OFFSET * tall[i])) continue;
      if (Math.abs(Math.log(tall[j] / tall[i])) < TILT_LOG_RATIO) [nearest, rise] = [dx, dy];
    }
    if (nearest < Infinity) slopes.push(rise / nearest);
  }
  return slopes.length ? median(slopes) : 0;
}

/** The runs, each the indices of its digits and signs from left to right. Every digit is in one run. */
export function runs(glyphs, tilt) {
  const x = glyphs.map((g) => (g.left + g.right) / 2);
  const middle = glyphs.map((g, i) => (g.top + g.bottom) / 2 - tilt * x[i]);
  const tall = glyphs.map((g) => Math.max(g.bottom - g.top, 1e-3));
  const all = [...glyphs.keys()];
  const found = [];
  for (const i of all.filter((k) => glyphs[k].kind === DIGIT).sort((a, b) => x[a] - x[b])) {
    const gaps = found.map((run) => {
      const last = run.at(-1);
      const [gap, high, lower] = [glyphs[i].left - glyphs[last].right, Math.max(tall[i], tall[last]), Math.min(tall[i], tall[last])];
      const overlap = (tall[i] + tall[last]) / 2 - Math.abs(middle[i] - middle[last]);
      const fits = gap < RUN_GAP * high && overlap > RUN_OVERLAP * lower && high < RUN_HEIGHT_RATIO * lower && run.length < RUN_DIGITS;
      return fits ? gap : Infinity;
    });
    const n = argmin(gaps);
    if (gaps.length && gaps[n] < Infinity) found[n].push(i);
    else found.push([i]);
  }
  const places = found.map((run) => ({
    high: median(run.map((j) => tall[j])),
    middle: median(run.map((j) => middle[j])),
    left: smallest(run.map((j) => glyphs[j].left)),
    right: largest(run.map((j) => glyphs[j].right)),
  }));
  for (const i of all.filter((k) => glyphs[k].kind === SIGN)) {
    let [best, least] = [null, Infinity];
    places.forEach((place, n) => {
      const gap = Math.max(place.left - glyphs[i].right, glyphs[i].left - place.right);
      const off = Math.abs(middle[i] - place.middle);
      if (!(off < RUN_SIGN_OFFSET * place.high && gap < RUN_SIGN_GAP * place.high)) return;
      if (Math.max(gap, 0) + off < least) [best, least] = [n, Math.max(gap, 0) + off];
    });
    if (best !== null) found[best].push(i);
  }
  return found.map((run) => run.sort((a, b) => x[a] - x[b] || a - b));
}
