/** Marks: what the string network reads on a run, matched with the finder's glyphs. A copy of read/marks.py. */

import {
  LOST_HEAT, LOST_PROBABILITY, MARK_HALF, MARK_NARROW, MARK_REACH, MIXED, MIXED_OFTEN, OTHER_RUN_X, OTHER_RUN_Y,
  RUN_MARGIN, SIGN_OF_DIGIT, SMALL_RUN, SMALL_RUN_SURER, SMALL_RUN_X, SMALL_RUN_Y, STRIP_MARGIN,
} from "./constants.js";
import { DIGIT } from "./finder.js";
import { digitHeight, middle } from "./glyphs.js";
import { OTHER_WRITING, SLASH } from "./labels.js";
import { isOftenSlash, isUsual, mayBeSlash } from "./slashes.js";
import { DIGIT as TALL, ROWS, scaleOf } from "./strips.js";
import { argmax, largest, total } from "./vision.js";

/** Whether a mark is a digit. */
export const isNumeral = ({ label }) => label < 10;

/** Whether digits were read on a run. */
export const hasDigits = ({ marks }) => marks.some(isNumeral);

/** Whether a run that was not read may be digits: the finder is sure, and the string network is not. */
export const mayBeDigits = ({ run, string }) => largest(run.map(({ heat }) => heat)) > LOST_HEAT && string.probability < LOST_PROBABILITY;

/** The runs without those beside a mark of a run of much larger digits: commas and parts of digits. */
export function withoutSmall(parts) {
  return parts.filter(({ run, string }) => {
    const [x, y] = middle(run);
    return !parts.some((other) => {
      const high = digitHeight(other.run);
      const near = ([px, py]) => Math.abs(px - x) < SMALL_RUN_X * high && Math.abs(py - y) < SMALL_RUN_Y * high;
      return other.string.probability > string.probability * SMALL_RUN_SURER && digitHeight(run) < SMALL_RUN * high
        && placesOf(other.strip, other.string.marks).some(near);
    });
  });
}

/**
 * A run with its marks, {label, box, probabilities, heat, mixed, shares} each, and with the number of its glyphs that
 * were not read as `missed`. others: the glyphs of all other runs.
 */
export function withMarks(part, others) {
  const { run, strip, string } = part;
  const margin = (STRIP_MARGIN - RUN_MARGIN) * TALL;
  const inside = string.marks.filter(({ x }) => margin < x && x < strip.width - margin);
  const height = TALL * scaleOf(strip.matrix);
  const places = placesOf(strip, inside);
  const matched = matchedWith(run, places, height);
  const usual = isUsual(string.marks.map(({ label }) => label));
  const isOfAnother = ([px, py]) => others.some(({ left, top, right, bottom }) =>
    Math.abs((left + right) / 2 - px) < OTHER_RUN_X * height && Math.abs((top + bottom) / 2 - py) < OTHER_RUN_Y * height);
  const marks = inside.flatMap((_, i) => {
    if (matched.has(i)) return [atGlyph(inside, i, run[matched.get(i)], usual)];
    return isOfAnother(places[i]) ? [] : [withoutGlyph(inside, i, places, height)];
  });
  const read = new Set([...matched].filter(([i]) => inside[i].label !== OTHER_WRITING).map(([, j]) => j));
  return { ...part, marks, missed: run.length - read.size };
}

/** The index of the glyph of each mark that has one, the nearest pairs first. height: of a digit. */
function matchedWith(run, places, height) {
  const pairs = [];
  run.forEach(({ left, right }, j) => places.forEach(([x], i) => {
    const distance = Math.abs((left + right) / 2 - x);
    // Two marks can be equally far from a glyph. Rounding must not decide between them.
    const rank = Math.floor((100 * distance) / height + 0.5);
    if (distance < MARK_REACH * Math.max(right - left, MARK_NARROW * height)) pairs.push({ rank, i, j });
  }));
  pairs.sort((a, b) => a.rank - b.rank || a.i - b.i || a.j - b.j);
  const [matched, taken] = [new Map(), new Set()];
  for (const { i, j } of pairs) {
    if (matched.has(i) || taken.has(j)) continue;
    matched.set(i, j);
    taken.add(j);
  }
  return matched;
}

/** Mark i of a string at its glyph. usual: whether the string is a common fraction or a date. */
function atGlyph(marks, i, { left, top, right, bottom, heat, kind }, usual) {
  const { label, probabilities, shares } = marks[i];
  const differs = label !== OTHER_WRITING && label < 10 !== (kind === DIGIT);
  const mixed = mayBeEither(marks, i, differs);
  // A slanted 1 looks like a slash.
  const p = differs && label >= 10 && !usual ? ofDigit(probabilities) : probabilities;
  const best = p === probabilities ? label : argmax(p.slice(0, OTHER_WRITING));
  return { label: best, box: { left, top, right, bottom }, probabilities: p, heat, mixed, shares };
}

/** Mark i of a string where the finder found no glyph, with a box that does not reach the next marks. */
function withoutGlyph(marks, i, places, height) {
  const { label, probabilities, shares } = marks[i];
  const [px, py] = places[i];
  const gaps = [places[i - 1], places[i + 1]].filter(Boolean).map(([x]) => Math.abs(px - x));
  const half = Math.min(MARK_HALF * height, ...gaps.map((gap) => gap / 2));
  const box = { left: px - half, top: py - height / 2, right: px + half, bottom: py + height / 2 };
  return { label, box, probabilities, heat: 0, mixed: mayBeEither(marks, i, false), shares };
}

/** Whether mark i may be a digit or a sign. differs: whether one network says that it is one, and the other network the other. */
function mayBeEither(marks, i, differs) {
  const { label, probabilities: p } = marks[i];
  if (label !== 1) return differs || (label === SLASH && p[1] > MIXED);
  // Only a slash or a bracket looks like a 1, and a slash is not possible everywhere.
  const labels = marks.map((mark) => mark.label);
  const least = isOftenSlash(labels, i) ? MIXED_OFTEN : MIXED;
  const slash = (differs || p[SLASH] > least) && mayBeSlash(labels, i);
  return slash || (differs && [0, marks.length - 1].includes(i));
}

/** The probabilities of the labels of a mark that the string network reads as a sign, and the finder as a digit. */
function ofDigit(probabilities) {
  const factor = Math.fround(SIGN_OF_DIGIT);
  const p = Float32Array.from(probabilities, (value, label) => (label < 10 || label === OTHER_WRITING ? value : value * factor));
  const sum = total(p);
  return p.map((value) => value / sum);
}

/** The middles of marks on the picture. */
const placesOf = ({ matrix }, marks) => marks.map((m) => matrix.map(([a, b, c]) => a * m.x + b * (ROWS / 2) + c));
