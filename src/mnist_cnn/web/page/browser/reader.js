/** Reader: reads the numbers on grey pixels. A copy of read/reader.py. */

import {
  ACCEPTED, AGREED, CERTAIN, DIGIT_PLAUSIBLE, SECOND_READER_MARKS, TILE_FLOOR, TURNED_DIGITS, TURNED_SHARE,
  TURNED_TIMES, TURN_DOUBTFUL, TURN_MARKS,
} from "./constants.js";
import { UNSURE, isDigit } from "./decision.js";
import { SIDE, isNormalised } from "./normalise.js";
import { readNumber } from "./number.js";
import { Page } from "./page.js";
import { around, isAccepted, product, ranked, reading, rowOf, rowsOf } from "./reading.js";
import { mayHaveSlash } from "./slashes.js";
import { total } from "./vision.js";

/**
 * Read the numbers on a picture: grey pixels (a Grid with a Uint8Array).
 * networks: {finder, strings, classify, threshold}: functions that run them, and the threshold of the classifier.
 * size: the width and height that boxes refer to.
 * digits: number of digits in each row, if it is known. threshold: confidence below which nothing is accepted, if given.
 */
export async function read(pixels, networks, size, { digits = null, threshold } = {}) {
  const tile = tileOf(pixels);
  if (tile) return readTile(tile, networks, size, digits, threshold ?? networks.threshold);
  const page = new Page(networks);
  const options = { digits, threshold, scale: size[0] / pixels.width };
  let found = await page.read(pixels, options);
  if (found.rows.length <= 1 && found.others.length <= SECOND_READER_MARKS) {
    found = await readRow(pixels, networks, page, found, size, options);
  }
  const whole = reading(found, size, 0);
  if (pixels.width === SIDE && pixels.height === SIDE && found.rows.length && !whole.accepted && [null, 1].includes(digits)) {
    return asTile(found, whole, pixels, networks, size);
  }
  let turned = 0;
  if (isDoubtful(found) && (turned = await page.turn(pixels, found.seen))) {
    for (let quarter = 0; quarter < turned / 90; quarter++) pixels = pixels.turned();
    const upright = await page.read(pixels, options);
    const least = Math.max(TURNED_DIGITS, TURNED_TIMES * acceptedDigits(found), TURNED_SHARE * all(upright));
    if (acceptedDigits(upright) >= least) {
      return reading(upright, turned % 180 ? size.toReversed() : size, turned);
    }
  }
  return whole;
}

/** A picture of 28 x 28 pixels, read as one digit that is not accepted. */
async function asTile(found, whole, pixels, { classify }, size) {
  const middle = Array.from({ length: SIDE }, (_, y) => Array.from(pixels.data.subarray(y * SIDE + SIDE / 4, y * SIDE + (3 * SIDE) / 4)));
  const sorted = middle.flat().sort((a, b) => a - b);
  const light = (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2 > 127;
  const tile = pixels.map((value) => (light ? 255 - value : value) / 255, Float32Array);
  const scaled = (values) => values.map((value) => value / total(values));
  let p = scaled(Array.from((await classify([tile]))[0], (value) => value + 1e-6));
  const digits = found.rows.flatMap(({ words }) => words.flatMap(({ glyphs }) => glyphs.filter(isDigit)));
  if (digits.length === 1) p = scaled(p.map((value, digit) => (value + TILE_FLOOR) * (digits[0].probabilities[digit] + TILE_FLOOR)));
  const { digit, confidence, alternatives } = ranked(p);
  const surest = Math.min(confidence, product(found.rows.flatMap(({ words }) => words.map((word) => word.confidence))));
  const reason = `unsure: ${digit} or ${alternatives[0].digit}`;
  const box = around(digits.map((glyph) => glyph.box));
  const glyph = { box, digit, confidence: surest, alternatives, accepted: false, reason, probabilities: p, tile: rowsOf(tile) };
  return reading({ ...found, rows: [{ words: [{ glyphs: [glyph], confidence: surest, reason: null }], reason: null }] }, size, 0);
}

/** What is on a picture with at most one row, as two readers read it. found: what the page networks read. */
async function readRow(pixels, networks, page, found, size, options) {
  const { rows, others, second } = await readNumber(pixels, networks, size, options);
  if (!second) return found;
  const [other] = rows;
  if (!found.rows.length) return { ...found, others, rows: [{ ...other, reason: other.reason ?? UNSURE }] };
  const [first, two] = [found.rows[0], other].map(rowOf);
  const both = await page.again(pixels, found, second, options);
  if (!both.rows.length) return found;
  let [own, row] = [both.rows[0], rowOf(both.rows[0])];
  // The string network misses digits that are drawn with an even pen, as in print.
  const missed = found.foundDigits === two.number.length && hasMissedDigits(first.text.replaceAll(" ", ""), two.number);
  if (two.accepted && !row.accepted && missed) {
    return { ...found, others, rows: [withUnsure(other, options.threshold ?? ACCEPTED)] };
  }
  if (!row.accepted && first.number === two.number && first.all > row.all) [own, row] = [found.rows[0], first];
  if (row.number !== two.number) {
    const differ = two.accepted ? `read as ${row.number} or ${two.number}` : null;
    return { ...both, rows: [{ ...own, reason: row.reason ?? differ }] };
  }
  const judged = judgedRow(own, first, two, options.threshold ?? AGREED);
  return { ...both, rows: [{ ...withBoxes(judged, other), reason: row.reason ?? two.reason }] };
}

/**
 * A row that the second reader reads too, with the words that are accepted because both readers agree.
 * first, two: the row as the page networks read it alone, and as the second reader reads it.
 * least: confidence from which a word is accepted that both read and the second reader accepts.
 */
function judgedRow(row, first, two, least) {
  const alike = first.number === two.number && two.accepted;
  const single = row.words.flatMap(({ glyphs }) => glyphs.filter(isDigit)).length === 1;
  const words = row.words.map((word) => {
    // The second reader does not know slashes: it reads 112 for 1/2.
    if (mayHaveSlash(word.glyphs.filter(isDigit).map(({ digit }) => digit))) {
      return first.accepted ? word : { ...word, reason: word.reason ?? UNSURE };
    }
    const sure = single ? two.all >= CERTAIN : word.confidence >= least;
    return alike && word.reason === UNSURE && sure ? { ...word, reason: null } : word;
  });
  return { ...row, words };
}

/** A row with the boxes of the second reader's row with the same digits, which are more exact. */
function withBoxes(row, other) {
  const boxes = other.words.flatMap(({ glyphs }) => glyphs.map(({ box }) => box))[Symbol.iterator]();
  const exact = (glyph) => (isDigit(glyph) ? { ...glyph, box: boxes.next().value } : glyph);
  return { ...row, words: row.words.map((word) => ({ ...word, glyphs: word.glyphs.map(exact) })) };
}

/** A row whose words below a confidence are not accepted. */
function withUnsure(row, least) {
  const judged = (word) => (word.reason === null && word.confidence < least ? { ...word, reason: UNSURE } : word);
  return { ...row, words: row.words.map(judged) };
}

/** Whether a number is the number `of` without some of its digits, but not without all of them. */
function hasMissedDigits(number, of) {
  let at = 0;
  for (const digit of of) if (digit === number[at]) at++;
  return !["", of].includes(number) && at === number.length;
}

/** The number of digits of words. */
const numerals = (words) => total(words.map(({ glyphs }) => glyphs.filter(isDigit).length));

/** The number of digits. */
const all = ({ rows }) => numerals(rows.flatMap((row) => row.words));

/** The number of digits in words that are accepted. */
const acceptedDigits = ({ rows }) => numerals(rows.flatMap((row) => row.words).filter(isAccepted));

/** Whether so little of a page was accepted that it may not be upright. */
function isDoubtful(found) {
  const n = all(found) + found.others.length;
  return n >= TURN_MARKS && acceptedDigits(found) < TURN_DOUBTFUL * n;
}

/** The tile of a picture that is normalised, bright on dark or dark on bright; null for other pictures. */
function tileOf(pixels) {
  for (const image of [pixels, pixels.map((value) => 255 - value)]) {
    if (isNormalised(image)) return image.map((value) => value / 255, Float32Array);
  }
  return null;
}

/** The reading of a picture that is normalised already. */
async function readTile(tile, { classify }, size, digits, threshold) {
  const box = { x: 0, y: 0, width: size[0], height: size[1] };
  const [probabilities] = await classify([tile]);
  if (total(probabilities) < DIGIT_PLAUSIBLE) return reading({ rows: [], others: [box] }, size, 0);
  const { digit, confidence, alternatives } = ranked(probabilities);
  const enough = confidence >= threshold;
  const reason = enough ? null : `unsure: ${digit} or ${alternatives[0].digit}`;
  const glyph = { box, digit, confidence, alternatives, accepted: enough, reason, probabilities, tile: rowsOf(tile) };
  const word = { glyphs: [glyph], confidence, reason: null };
  const reason_ = digits === null || digits === 1 ? null : `1 digit, expected ${digits}`;
  return reading({ rows: [{ words: [word], reason: reason_ }], others: [] }, size, 0);
}
