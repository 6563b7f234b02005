/** Number: reads pictures with one row of digits by cutting ink into digits. A copy of read/number.py. */

import {
  CUT_OUT_ACCEPTED, CUT_THROUGH, DIGIT_PLAUSIBLE, ENLARGED_LONGEST, ENLARGED_SIDE, INK_CLOSE_UP, LINE_BELIEVED,
  MARK_LOW, TINY_SIDE,
} from "./constants.js";
import { cuts, pieces } from "./cuts.js";
import { ink } from "./ink.js";
import { bestPaths, costOf, latticeOf } from "./lattice.js";
import { HEIGHT, lines } from "./lines.js";
import { normalise } from "./normalise.js";
import { around, product, ranked, rowsOf } from "./reading.js";
import { rows, words } from "./rows.js";
import { cv, largest, resized, round, total } from "./vision.js";

const [NOT_A_DIGIT, MOSTLY_MARKS] = ["not a digit", "not more digits than marks"];

/**
 * The rows on a picture (a Grid with a Uint8Array) from the top down, the places of marks that are not digits, and
 * `second`: the only row as evidence for the page networks, {number, confidence, costs}, null if there is not exactly one row.
 * networks: {classify, threshold}: a function that runs the classifier, and its threshold.
 * size: the width and height that boxes refer to.
 * digits: number of digits in each row, if it is known. threshold: confidence below which a digit is not accepted, if given.
 */
export async function readNumber(pixels, networks, size, { digits = null, threshold } = {}) {
  const thresholds = [threshold ?? networks.threshold, threshold ?? Math.max(networks.threshold, CUT_OUT_ACCEPTED)];
  const page = enlarged(pixels);
  const shorter = Math.min(pixels.height, pixels.width);
  const [small, tiny] = [shorter < INK_CLOSE_UP, shorter < TINY_SIDE];
  let best = [];
  for (const broad of tiny ? [true] : [small, !small]) {
    const read = [];
    for (const line of lines(ink(page, broad, !tiny))) {
      read.push(await readLine(line, networks.classify, digits, thresholds, size, page.width / size[0]));
    }
    const found = rowsOfLines(read.filter((line) => line.number.length), digits);
    if (!best.length || acceptedShare(found) > acceptedShare(best)) best = found;
    if (best.length && acceptedShare(best) === 1) break;
  }
  const read = rowsAndOthers(best);
  if (read.rows.length !== 1) return { ...read, second: null };
  const { lattices } = best.find((row) => numerals(row.digits));
  const digits_ = read.rows[0].words.flatMap(({ glyphs }) => glyphs);
  const number = digits_.map(({ digit }) => digit).join("");
  const confidence = product(digits_.map((digit) => digit.confidence));
  return { ...read, second: { number, confidence, costs: (numbers) => numbers.map((each) => costOf(lattices, each)) } };
}

/** Rows of words, and places of other writing: marks that are not digits, and rows without any digit. */
function rowsAndOthers(found) {
  const rows = found.filter((row) => row.words.length).map((row) => ({
    words: row.words.map((glyphs) => ({ glyphs, confidence: product(glyphs.map((digit) => digit.confidence)), reason: null })),
    reason: row.reason ?? (mostlyMarks(row.digits) ? MOSTLY_MARKS : null),
  }));
  const others = found.flatMap((row) => {
    const marks = row.digits.filter((digit) => !isDigit(digit)).map(({ box }) => box);
    return row.words.length ? marks : [around(marks)];
  });
  return { rows, others };
}

/** Whether a piece was read as a digit, accepted or not. */
const isDigit = (digit) => digit.reason !== NOT_A_DIGIT;

/** The number of digits, without marks. */
const numerals = (digits) => digits.filter(isDigit).length;

/** Whether there are not more digits than marks. */
const mostlyMarks = (digits) => 2 * numerals(digits) <= digits.length;

/** The share of the digits and marks that is accepted. The reading with the larger share counts. */
function acceptedShare(found) {
  const digits = found.flatMap((row) => row.digits);
  return digits.length ? digits.filter((digit) => digit.accepted).length / digits.length : 0;
}

/** A small picture enlarged to about 112 pixels on its shorter side, and a large one unchanged. */
function enlarged(pixels) {
  const { height, width } = pixels;
  const scale = Math.min(round(ENLARGED_SIDE / Math.min(height, width)), Math.floor(ENLARGED_LONGEST / Math.max(height, width)));
  return scale > 1 ? resized(pixels, width * scale, height * scale, cv.INTER_CUBIC) : pixels;
}

/** The rows from the top down, put together from the lines on them: {digits, words, reason, lattices} of each. */
function rowsOfLines(read, digits) {
  const places = read.map(({ number }) => {
    const some = number.some(isDigit);
    return { boxes: number.filter((digit) => isDigit(digit) || !some).map(({ box }) => box), number: some };
  });
  const found = rows(places).map((row) => {
    const own = row.map((i) => read[i]);
    const lattices = own.flatMap(({ lattice }) => lattice ?? []);
    const free = { ...joined(own.map((part) => part.number)), lattices };
    if (digits === null) return free;
    const chosen = digitsOfParts(own.map((part) => part.costs), digits)?.map((n, i) => own[i].withDigits(n));
    return checked(chosen ? { ...joined(chosen), lattices } : free, free, digits);
  });
  return found.filter((row) => row.digits.length);
}

/** The most probable number of digits of each part, `digits` in total; undefined if that is impossible. */
function digitsOfParts(costs, digits) {
  let best = new Map([[0, { cost: 0, counts: [] }]]);
  for (const options of costs) {
    const further = new Map();
    for (const [sum, { cost, counts }] of best) {
      for (const [n, more] of options) {
        if (sum + n > digits || cost + more >= (further.get(sum + n)?.cost ?? Infinity)) continue;
        further.set(sum + n, { cost: cost + more, counts: [...counts, n] });
      }
    }
    best = further;
  }
  return best.get(digits)?.counts;
}

/** The row, not accepted if it has another number of digits, or if digits of `free` were left out to reach it. */
function checked(row, free, digits) {
  let n = numerals(row.digits);
  if (n === 0) return row;
  if (n === digits && row.digits.length - n > free.digits.length - numerals(free.digits)) n = numerals(free.digits);
  return n === digits ? row : { ...row, reason: `${n} ${n === 1 ? "digit" : "digits"}, expected ${digits}` };
}

/** The numbers of one row, from left to right, as one: its digits and marks, its words, and why it is not accepted. */
function joined(numbers) {
  let reason = null;
  if (numbers.length > 1 && !numbers.every((number) => number.some(isDigit))) reason = "a part without digits";
  else if (numbers.length > 1 && numbers.some(mostlyMarks)) reason = "a part with more marks than digits";
  const parts = numbers.map((number) => number.filter(isDigit)).filter((part) => part.length);
  const found = words(parts.map((part) => part.map(({ box }) => box))).map((word) => word.flatMap((i) => parts[i]));
  return { digits: numbers.flat(), words: found, reason };
}

/**
 * What is on a line, {number, costs, withDigits, lattice}: the digits and marks of the most probable number; the cost of
 * the best reading by number of digits, if `digits` is given; a function that returns the most probable number with a
 * number of digits; and its pieces.
 * thresholds: confidence from which digits are accepted: those that stand alone, and those cut out of touching ink.
 * scale: pixels of the page of the line per pixel of the picture.
 */
async function readLine(line, classify, digits, thresholds, size, scale) {
  const places = cuts(line.ink);
  const found = pieces(line.ink, places, HEIGHT);
  if (!found.length) return { number: [], costs: new Map(), withDigits: () => [] };
  const { tiles, probabilities } = await classifiedPieces(found, classify);
  const lattice = latticeOf(places, found, probabilities);
  const paths = bestPaths(lattice, digits !== null);

  const withDigits = (count) => {
    const boxOf = ({ ink: { width, height }, left, top }) => line.box(left, top, left + width, top + height, size, scale);
    const onPath = paths.get(count).path.map(({ i, isDigit }) =>
      ({ piece: found[i], read: isDigit, box: boxOf(found[i]), tile: tiles[i], probabilities: probabilities[i] }));
    return digitsOnPath(onPath, places, thresholds);
  };

  const [cheapest] = [...paths.keys()].sort((a, b) => paths.get(a).cost - paths.get(b).cost);
  let number = withDigits(cheapest);
  if (!number.length && paths.has(digits)) number = withDigits(digits);
  const costs = new Map(digits === null ? [] : [...paths].map(([count, { cost }]) => [count, cost]));
  return { number, costs, withDigits, lattice };
}

/** The tile and the probabilities of each piece. Equal pieces are normalised and classified once. */
async function classifiedPieces(found, classify) {
  const known = new Map();
  const same = found.map(({ ink, left, top }, i) => {
    const key = [left, top, ink.height, ink.width, total(ink.data)].join(" ");
    if (!known.has(key)) known.set(key, i);
    return known.get(key);
  });
  const tiles = new Map([...known.values()].map((i) => [i, normalise(found[i].ink)]));
  const answers = await classify([...tiles.values()]);
  const answer = new Map([...tiles.keys()].map((i, k) => [i, answers[k]]));
  return { tiles: same.map((i) => tiles.get(i)), probabilities: same.map((i) => answer.get(i)) };
}

/** The digits and marks on a path: {piece, read (whether as a digit), box, tile, probabilities} each. */
function digitsOnPath(path, places, thresholds) {
  const [chosen, doubtful, cutOut] = [[], [], []];
  for (const { piece: { ink, first, last }, read, box, tile, probabilities } of path) {
    if (!read && ink.height < MARK_LOW * HEIGHT) continue;
    cutOut.push(Math.max(places[first].crossed, places[last].crossed) > CUT_THROUGH);
    const digit = digitOf(box, tile, probabilities, thresholds[Number(cutOut.at(-1))]);
    chosen.push(read ? digit : asMark(digit));
    doubtful.push(read && !isDigit(digit));
  }
  if (chosen.length > 1 && belief(chosen, chosen.length === 2 && cutOut.every(Boolean)) < LINE_BELIEVED) return chosen.map(asMark);
  if (chosen.length > 1 && 2 * numerals(chosen) >= chosen.length) {
    return chosen.map((digit, i) => (doubtful[i] ? { ...digit, reason: unsure(digit) } : digit));
  }
  return chosen;
}

/** A digit as a mark that is not a digit. */
const asMark = (digit) => ({ ...digit, accepted: false, reason: NOT_A_DIGIT });

/** The reason of a digit with a low confidence. */
const unsure = (digit) => `unsure: ${digit.digit} or ${digit.alternatives[0].digit}`;

/** The probability of the best digit, or the geometric mean of all of them if `average` is set. */
function belief(digits, average) {
  const confidences = digits.map((digit) => digit.confidence);
  return average ? product(confidences) ** (1 / confidences.length) : largest(confidences, 0);
}

/** A digit, accepted from a confidence of `threshold` on. */
function digitOf(box, tile, probabilities, threshold) {
  const found = { box, ...ranked(probabilities), accepted: true, reason: null, probabilities, tile: rowsOf(tile) };
  if (total(probabilities) < DIGIT_PLAUSIBLE) return asMark(found);
  return found.confidence >= threshold ? found : { ...found, accepted: false, reason: unsure(found) };
}
