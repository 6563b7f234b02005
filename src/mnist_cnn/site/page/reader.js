/** Reader: reads the numbers on grey pixels. A copy of read/reader.py and read/reading.py. */

import { total } from "./vision.js";
import { SIDE, hasForm } from "./form.js";
import { readNumber } from "./number.js";
import { ACCEPTED, Page, UNSURE, around, isDigit, ranked, rowsOf } from "./page.js";

const FEW = 12;
const [TURNED, TURNED_SHARE] = [4, 0.3];
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
    found = joined(found, await readNumber(pixels, networks, size, { digits, threshold }), digits);
    found.rows = found.rows.map((row) => ifSure(row, threshold ?? ACCEPTED));
  }
  const whole = reading(found, size, 0);
  if (pixels.width === SIDE && pixels.height === SIDE && found.rows.length && !whole.accepted && [null, 1].includes(digits)) {
    return asTile(found, whole, pixels, networks, size);
  }
  let turned = 0;
  if (doubtful(found) && (turned = await page.turn(pixels))) {
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

/** One reading of a picture with at most one row, from that of the page networks and a second one. */
function joined(found, second, digits) {
  if (second.rows.length !== 1) return found;
  const [other] = second.rows;
  if (!found.rows.length) return { ...found, others: second.others, rows: [{ ...other, reason: other.reason ?? UNSURE }] };
  const [first] = found.rows;
  const [one, two] = [first, other].map(rowOf);
  if (one.number === two.number) return { ...found, others: found.others.length ? found.others : second.others, rows: [agreed(first, other)] };
  const slash = one.text.includes("/");
  const allFound = found.foundDigits === two.number.length;
  const missed = two.accepted && two.number.length > one.number.length;
  const surer = missed || one.reason !== null || two.all > one.all;
  const fits = digits !== null && one.number.length !== digits && two.number.length === digits;
  const better = fits || (two.reason === null && surer && (allFound || !slash));
  const readAs = `read as ${one.number} or ${two.number}`;
  if (!one.accepted && better && two.accepted && allFound && !slash && lacksSome(one.number, two.number)) {
    return { ...found, others: second.others, rows: [other] };
  }
  if (!one.accepted && better) return { ...found, others: second.others, rows: [{ ...other, reason: other.reason ?? readAs }] };
  const differ = two.accepted || !one.accepted;
  return { ...found, rows: [{ ...first, reason: first.reason ?? (differ ? readAs : null) }] };
}

/** A row with words below a confidence as not accepted. */
function ifSure(row, least) {
  const judged = (word) => (word.reason === null && word.confidence < least ? { ...word, reason: UNSURE } : word);
  return { ...row, words: row.words.map(judged) };
}

/** Whether a number is another one with digits left out, but not all of them. */
function lacksSome(number, of) {
  let at = 0;
  for (const digit of of) if (digit === number[at]) at++;
  return number !== "" && at === number.length;
}

const hasSigns = (row) => row.words.some(({ glyphs }) => !glyphs.every(isDigit));

/** A row that both readers read, `first` that of the page networks. What one is sure of is not unsure. */
function agreed(first, other) {
  const signs = hasSigns(first);
  const row = signs ? first : other;
  const reasons = [first.reason, ...first.words.map((word) => (word.reason === UNSURE ? null : word.reason))];
  const reason = [...reasons, signs ? null : other.reason].find((value) => value !== null) ?? null;
  const [one, two] = [first, other].map(rowOf);
  if (!one.accepted && (signs || !two.accepted)) return { ...row, reason };
  const numbers = (words) => words.map(({ glyphs }) => glyphs.filter(isDigit).map(({ digit }) => digit).join(""));
  const [mine, theirs] = [numbers(first.words), numbers(other.words)];
  const alike = mine.join(" ") === theirs.join(" ");
  // The second reader knows no slash: that it reads 112 too tells nothing of whether this is 1/2.
  const confidence = (i) => {
    const [a, b] = [first.words[i].confidence, other.words[i].confidence];
    return mine[i].slice(1, -1).includes("1") ? a : 1 - (1 - a) * (1 - b);
  };
  const words = row.words.map((word, i) => ({
    glyphs: word.glyphs.map((glyph) => (isDigit(glyph) ? { ...glyph, accepted: true, reason: null } : glyph)),
    confidence: alike ? confidence(i) : word.confidence,
    reason: null,
  }));
  return { words, reason };
}

const numerals = (words) => total(words.map(({ glyphs }) => glyphs.filter(isDigit).length));

/** The number of digits. */
const all = ({ rows }) => numerals(rows.flatMap((row) => row.words));

/** The number of digits in words that are accepted. */
const sure = ({ rows }) => numerals(rows.flatMap((row) => row.words).filter(accepted));

/** Whether so little of a page was accepted that it may not be upright. */
function doubtful(found) {
  const n = all(found) + found.others.length;
  return n >= TURNED && sure(found) < 0.5 * n;
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
