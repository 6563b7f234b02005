/** Reader: reads the numbers on grey pixels. A copy of read/reader.py and read/reading.py. */

import { total } from "./vision.js";
import { SIDE, hasForm } from "./form.js";
import { readNumber } from "./number.js";
import { ACCEPTED, AGREED, Page, UNSURE, around, isDigit, ranked, rowsOf } from "./page.js";
import { maybeSlashed } from "./strings.js";

const FEW = 12;
const [TURNED, TURNED_SHARE] = [4, 0.3];
const MARKS = 2;
const CERTAIN = 0.985;
const FLOOR = 0.01;
const PLAUSIBLE = 0.07;

/**
 * Read the numbers on a picture: grey pixels (a Grid with a Uint8Array).
 * networks: {finder, strings, classify, threshold}: functions that run them, and the threshold of the classifier.
 * size: the width and height that boxes refer to.
 * digits: their number in each row, if it is known. threshold: confidence below which nothing is accepted, if it is given.
 */
export async function read(pixels, networks, size, { digits = null, threshold } = {}) {
  const tile = tileOf(pixels);
  if (tile) return ofTile(tile, networks, size, digits, threshold ?? networks.threshold);
  const page = new Page(networks);
  const options = { digits, threshold, scale: size[0] / pixels.width };
  let found = await page.read(pixels, options);
  if (found.rows.length <= 1 && found.others.length <= FEW) {
    found = await ofOneRow(pixels, networks, page, found, size, options);
  }
  const whole = reading(found, size, 0);
  if (pixels.width === SIDE && pixels.height === SIDE && found.rows.length && !whole.accepted && [null, 1].includes(digits)) {
    return asTile(found, whole, pixels, networks, size);
  }
  let turned = 0;
  if (doubtful(found) && (turned = await page.turn(pixels, found.seen))) {
    for (let quarter = 0; quarter < turned / 90; quarter++) pixels = pixels.turned();
    const upright = await page.read(pixels, options);
    if (sure(upright) >= Math.max(TURNED, 2 * sure(found), TURNED_SHARE * all(upright))) {
      return reading(upright, turned % 180 ? size.toReversed() : size, turned);
    }
  }
  return whole;
}

/** A picture of MNIST's size, read as one digit that is not accepted. */
async function asTile(found, whole, pixels, { classify }, size) {
  const middle = Array.from({ length: SIDE }, (_, y) => Array.from(pixels.data.subarray(y * SIDE + SIDE / 4, y * SIDE + (3 * SIDE) / 4)));
  const sorted = middle.flat().sort((a, b) => a - b);
  const light = (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2 > 127;
  const tile = pixels.map((value) => (light ? 255 - value : value) / 255, Float32Array);
  const scaled = (values) => values.map((value) => value / total(values));
  let p = scaled(Array.from((await classify([tile]))[0], (value) => value + 1e-6));
  const digits = found.rows.flatMap(({ words }) => words.flatMap(({ glyphs }) => glyphs.filter(isDigit)));
  if (digits.length === 1) p = scaled(p.map((value, digit) => (value + FLOOR) * (digits[0].probabilities[digit] + FLOOR)));
  const { digit, confidence, alternatives } = ranked(p);
  const surest = Math.min(confidence, product(found.rows.flatMap(({ words }) => words.map((word) => word.confidence))));
  const reason = `unsure: ${digit} or ${alternatives[0].digit}`;
  const box = around(digits.map((glyph) => glyph.box));
  const glyph = { box, digit, confidence: surest, alternatives, accepted: false, reason, probabilities: p, tile: rowsOf(tile) };
  return reading({ ...found, rows: [{ words: [{ glyphs: [glyph], confidence: surest, reason: null }], reason: null }] }, size, 0);
}

/** What is on a picture with at most one row, which two readers read. found: what the page networks read. */
async function ofOneRow(pixels, networks, page, found, size, options) {
  const { rows, others, second } = await readNumber(pixels, networks, size, options);
  if (!second) return found;
  const [other] = rows;
  if (!found.rows.length) return { ...found, others, rows: [{ ...other, reason: other.reason ?? UNSURE }] };
  const [first, two] = [found.rows[0], other].map(rowOf);
  const both = await page.again(pixels, found, second, options);
  if (!both.rows.length) return found;
  let [own, row] = [both.rows[0], rowOf(both.rows[0])];
  // The string network misses digits that are drawn with an even pen, as in print.
  const missed = found.foundDigits === two.number.length && lacksSome(first.text.replaceAll(" ", ""), two.number);
  if (two.accepted && !row.accepted && missed) {
    return { ...found, others, rows: [ifSure(other, options.threshold ?? ACCEPTED)] };
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
 * A row that the second reader reads too, accepted where that counts, and not where it does not.
 * first, two: as the page networks read it alone, and as the second reader does.
 * least: confidence from which a word is accepted that both read and the second reader accepts.
 */
function judgedRow(row, first, two, least) {
  const alike = first.number === two.number && two.accepted;
  const single = row.words.flatMap(({ glyphs }) => glyphs.filter(isDigit)).length === 1;
  const words = row.words.map((word) => {
    // The second reader knows no slash: it reads 112 where there is 1/2.
    if (maybeSlashed(word.glyphs.filter(isDigit).map(({ digit }) => digit))) {
      return first.accepted ? word : { ...word, reason: word.reason ?? UNSURE };
    }
    const sure = single ? two.all >= CERTAIN : word.confidence >= least;
    return alike && word.reason === UNSURE && sure ? { ...word, reason: null } : word;
  });
  return { ...row, words };
}

/** A row with the boxes of another one with the same digits: those of the second reader are more exact. */
function withBoxes(row, other) {
  const boxes = other.words.flatMap(({ glyphs }) => glyphs.map(({ box }) => box))[Symbol.iterator]();
  const exact = (glyph) => (isDigit(glyph) ? { ...glyph, box: boxes.next().value } : glyph);
  return { ...row, words: row.words.map((word) => ({ ...word, glyphs: word.glyphs.map(exact) })) };
}

/** A row with words below a confidence as not accepted. */
function ifSure(row, least) {
  const judged = (word) => (word.reason === null && word.confidence < least ? { ...word, reason: UNSURE } : word);
  return { ...row, words: row.words.map(judged) };
}

/** Whether a number is another one with some digits left out, but not all of them. */
function lacksSome(number, of) {
  let at = 0;
  for (const digit of of) if (digit === number[at]) at++;
  return !["", of].includes(number) && at === number.length;
}

const numerals = (words) => total(words.map(({ glyphs }) => glyphs.filter(isDigit).length));

/** The number of digits. */
const all = ({ rows }) => numerals(rows.flatMap((row) => row.words));

/** The number of digits in words that are accepted. */
const sure = ({ rows }) => numerals(rows.flatMap((row) => row.words).filter(accepted));

/** Whether so little of a page was accepted that it may not be upright. */
function doubtful(found) {
  const n = all(found) + found.others.length;
  return n >= MARKS && sure(found) < 0.5 * n;
}

/** The tile, if the picture has MNIST's form, bright on dark or dark on bright. */
function tileOf(pixels) {
  for (const image of [pixels, pixels.map((value) => 255 - value)]) {
    if (hasForm(image)) return image.map((value) => value / 255, Float32Array);
  }
  return null;
}

/** The reading of a picture in MNIST's form. */
async function ofTile(tile, { classify }, size, digits, threshold) {
  const box = { x: 0, y: 0, width: size[0], height: size[1] };
  const [probabilities] = await classify([tile]);
  if (total(probabilities) < PLAUSIBLE) return reading({ rows: [], others: [box] }, size, 0);
  const { digit, confidence, alternatives } = ranked(probabilities);
  const enough = confidence >= threshold;
  const reason = enough ? null : `unsure: ${digit} or ${alternatives[0].digit}`;
  const glyph = { box, digit, confidence, alternatives, accepted: enough, reason, probabilities, tile: rowsOf(tile) };
  const word = { glyphs: [glyph], confidence, reason: null };
  const reason_ = digits === null || digits === 1 ? null : `1 digit, expected ${digits}`;
  return reading({ rows: [{ words: [word], reason: reason_ }], others: [] }, size, 0);
}

/** Whether a word can be used without looking. */
const accepted = ({ glyphs, reason }) => reason === null && glyphs.filter(isDigit).every((digit) => digit.accepted);

const product = (numbers) => numbers.reduce((all, number) => all * number, 1);

const rounded = (value) => Number(value.toFixed(6));

// --- the server's form ---------------------------------------------------------------------------------------------

function reading({ rows: found, others, reason = null }, [width, height], turned) {
  const rows = found.map(rowOf).map(({ all: _, ...row }) => row);
  const number = rows.map((row) => row.number).join("");
  const confidence = found.length ? product(found.flatMap(({ words }) => words.map((word) => word.confidence))) : 0;
  const usable = reason === null && number !== "" && rows.every((row) => row.accepted);
  return { number, confidence: rounded(confidence), accepted: usable, reason, width, height, turned, rows, others };
}

/** A row, with its unrounded confidence as `all`. */
function rowOf({ words: found, reason }) {
  const words = found.map(wordOf);
  const all = product(found.map((word) => word.confidence));
  return {
    all,
    number: words.map((word) => word.number).join(""),
    text: words.map((word) => word.text).join(" "),
    confidence: rounded(all),
    accepted: reason === null && words.every((word) => word.accepted),
    reason,
    box: around(words.map((word) => word.box)),
    words,
  };
}

function wordOf(word) {
  const [digits, signs] = [word.glyphs.filter(isDigit), word.glyphs.filter((glyph) => !isDigit(glyph))];
  return {
    text: word.glyphs.map((glyph) => glyph.sign ?? glyph.digit).join(""),
    number: digits.map(({ digit }) => digit).join(""),
    confidence: rounded(word.confidence),
    accepted: accepted(word),
    reason: word.reason,
    box: around(word.glyphs.map(({ box }) => box)),
    digits: digits.map(surely),
    signs: signs.map(surely),
  };
}

/** A glyph with rounded confidences. */
function surely(glyph) {
  const alternatives = glyph.alternatives?.map(({ digit, confidence }) => ({ digit, confidence: rounded(confidence) }));
  return { ...glyph, confidence: rounded(glyph.confidence), ...(alternatives && { alternatives }) };
}
