/** Number: reads pictures with one row of digits by cutting ink into digits. A copy of read/number.py. */

import { clip, cv, largest, resized, round, smallest, total } from "./vision.js";
import { cuts, pieces } from "./cuts.js";
import { form } from "./form.js";
import { CLOSE_UP, ink } from "./ink.js";
import { HEIGHT, lines } from "./lines.js";
import { around, ranked, rowsOf } from "./page.js";
import { rows, words } from "./rows.js";

const CROSSED = 0.08;
const SPLIT = 0.2;
const DROPPED = 1.5;
const LOW = 2.2;
const SKIP_TALL = 6;
const TINY = 36;
const SKIP_WIDE = 2;
const SMALL = 0.45;
const BELIEVED = 0.65;
const [THROUGH, CUT_OUT] = [1, 0.9];
const [NO_DIGIT, MOSTLY_MARKS] = ["not a digit", "not more digits than marks"];
const PLAUSIBLE = 0.07;
const LEAST = 1e-4;

/**
 * The rows on a picture (a Grid with a Uint8Array) from the top down, the places of marks that are not digits, and
 * `second`: the only row as evidence for the page networks, {number, confidence, costs}, null if there is not one row.
 * networks: {classify, threshold}: a function that runs the classifier, and its threshold.
 * size: the width and height that boxes refer to.
 * digits: their number in each row, if it is known. threshold: confidence below which no digit is accepted, if it is given.
 */
export async function readNumber(pixels, networks, size, { digits = null, threshold } = {}) {
  const thresholds = [threshold ?? networks.threshold, threshold ?? Math.max(networks.threshold, CUT_OUT)];
  const page = enlarged(pixels);
  const shorter = Math.min(pixels.height, pixels.width);
  const [small, tiny] = [shorter < CLOSE_UP, shorter < TINY];
  let best = [];
  for (const broad of tiny ? [true] : [small, !small]) {
    const read = [];
    for (const line of lines(ink(page, broad, !tiny))) {
      read.push(await readLine(line, networks.classify, digits, thresholds, size, page.width / size[0]));
    }
    const found = rowsOfPieces(read.filter((piece) => piece.number.length), digits);
    if (!best.length || sure(found) > sure(best)) best = found;
    if (best.length && sure(best) === 1) break;
  }
  const read = parted(best);
  if (read.rows.length !== 1) return { ...read, second: null };
  const { lattices } = best.find((row) => numerals(row.digits));
  const digits_ = read.rows[0].words.flatMap(({ glyphs }) => glyphs);
  const number = digits_.map(({ digit }) => digit).join("");
  const confidence = product(digits_.map((digit) => digit.confidence));
  return { ...read, second: { number, confidence, costs: (numbers) => numbers.map((each) => costOf(lattices, each)) } };
}

/** The words of each row; marks that are not digits, and rows without any digit, are places of other writing. */
function parted(found) {
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
const isDigit = (digit) => digit.reason !== NO_DIGIT;

const numerals = (digits) => digits.filter(isDigit).length;

const mostlyMarks = (digits) => 2 * numerals(digits) <= digits.length;

const product = (numbers) => numbers.reduce((all, number) => all * number, 1);

/** The part of the digits and marks that is accepted. */
function sure(found) {
  const digits = found.flatMap((row) => row.digits);
  return digits.length ? digits.filter((digit) => digit.accepted).length / digits.length : 0;
}

/** Enlarge small pictures to about 112 pixels on their shorter side. */
function enlarged(pixels) {
  const { height, width } = pixels;
  const scale = Math.min(round(112 / Math.min(height, width)), Math.floor(2000 / Math.max(height, width)));
  return scale > 1 ? resized(pixels, width * scale, height * scale, cv.INTER_CUBIC) : pixels;
}

/** The rows from the top down, put together from the pieces on them: {digits, words, reason, lattices} of each. */
function rowsOfPieces(read, digits) {
  const places = read.map(({ number }) => {
    const some = number.some(isDigit);
    return { boxes: number.filter((digit) => isDigit(digit) || !some).map(({ box }) => box), number: some };
  });
  const found = rows(places).map((row) => {
    const own = row.map((i) => read[i]);
    const lattices = own.flatMap(({ lattice }) => lattice ?? []);
    const free = { ...joined(own.map((piece) => piece.number)), lattices };
    if (digits === null) return free;
    const chosen = shares(own.map((piece) => piece.costs), digits)?.map((n, i) => own[i].withDigits(n));
    return counted(chosen ? { ...joined(chosen), lattices } : free, free, digits);
  });
  return found.filter((row) => row.digits.length);
}

/** How many digits to read on each piece, the most probable that are `digits` in all; undefined if that cannot be. */
function shares(costs, digits) {
  let best = new Map([[0, { cost: 0, shares: [] }]]);
  for (const options of costs) {
    const further = new Map();
    for (const [sum, { cost, shares }] of best) {
      for (const [n, more] of options) {
        if (sum + n > digits || cost + more >= (further.get(sum + n)?.cost ?? Infinity)) continue;
        further.set(sum + n, { cost: cost + more, shares: [...shares, n] });
      }
    }
    best = further;
  }
  return best.get(digits)?.shares;
}

/** The row, not accepted if it does not have so many digits, or only has because some of those of `free` were left out. */
function counted(row, free, digits) {
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
 * What is on a line: {number, costs, withDigits, lattice}: the digits and marks of the most probable number; the cost of
 * the best reading by number of digits, if `digits` is given; the most probable number with so many digits; its pieces.
 * thresholds: for digits that stand alone, and for digits that were cut out of touching ink.
 * scale: how much larger the page of the line is than the picture.
 */
async function readLine(line, classify, digits, thresholds, size, scale) {
  const places = cuts(line.ink);
  const found = pieces(line.ink, places, HEIGHT);
  if (!found.length) return { number: [], costs: new Map(), withDigits: () => [] };
  const known = new Map();
  const same = found.map(({ ink, left, top }, i) => {
    const key = [left, top, ink.height, ink.width, total(ink.data)].join(" ");
    if (!known.has(key)) known.set(key, i);
    return known.get(key);
  });
  const tiles = new Map([...known.values()].map((i) => [i, form(found[i].ink)]));
  const answers = await classify([...tiles.values()]);
  const answer = new Map([...tiles.keys()].map((i, k) => [i, answers[k]]));
  const probabilities = same.map((i) => answer.get(i));
  const lattice = latticeOf(places, found, probabilities);
  const paths = bestPaths(lattice, digits !== null);

  const withDigits = (count) => {
    const [chosen, doubtful, cutOut] = [[], [], []];
    for (const { i, real } of paths.get(count).path) {
      const { ink: { width, height }, left, top, first, last } = found[i];
      if (!real && height < SMALL * HEIGHT) continue;
      const box = line.box(left, top, left + width, top + height, size, scale);
      cutOut.push(Math.max(places[first].crossed, places[last].crossed) > THROUGH);
      const digit = digitOf(box, tiles.get(same[i]), probabilities[i], thresholds[Number(cutOut.at(-1))]);
      chosen.push(real ? digit : refused(digit));
      doubtful.push(real && !isDigit(digit));
    }
    if (chosen.length > 1 && belief(chosen, chosen.length === 2 && cutOut.every(Boolean)) < BELIEVED) return chosen.map(refused);
    if (chosen.length > 1 && 2 * numerals(chosen) >= chosen.length) {
      return chosen.map((digit, i) => (doubtful[i] ? { ...digit, reason: unsure(digit) } : digit));
    }
    return chosen;
  };

  const [cheapest] = [...paths.keys()].sort((a, b) => paths.get(a).cost - paths.get(b).cost);
  let number = withDigits(cheapest);
  if (!number.length && paths.has(digits)) number = withDigits(digits);
  const costs = new Map(digits === null ? [] : [...paths].map(([count, { cost }]) => [count, cost]));
  return { number, costs, withDigits, lattice };
}

const refused = (digit) => ({ ...digit, accepted: false, reason: NO_DIGIT });

const unsure = (digit) => `unsure: ${digit.digit} or ${digit.alternatives[0].digit}`;

/** The probability of the best digit, or the geometric mean of all of them. */
function belief(digits, average) {
  const confidences = digits.map((digit) => digit.confidence);
  return average ? product(confidences) ** (1 / confidences.length) : largest(confidences, 0);
}

/**
 * The best paths from the first cut to the last: which pieces, and whether each is a digit (Viterbi 1967).
 * By number of digits if they are counted, else the best of all as number 0: {cost, path}, the cost in nats.
 */
function bestPaths({ starting, empty }, counted) {
  const ends = starting.length - 1;
  // By cut and number of digits so far (always 0 if they are not counted): the cost, and the step that led there.
  const costs = starting.map(() => new Map());
  costs[0].set(0, { cost: 0 });
  const step = (to, count, cost, origin) => {
    if (!(cost >= costs[to].get(count)?.cost)) costs[to].set(count, { cost, origin });
  };
  for (let cut = 0; cut < ends; cut++) {
    for (const [count, { cost }] of costs[cut]) {
      if (empty[cut]) step(cut + 1, count, cost, { cut, count });
      for (const { i, last, asDigit, asNone, crossed } of starting[cut]) {
        step(last, counted ? count + 1 : 0, cost + smallest(asDigit) + crossed, { cut, count, i, real: true });
        step(last, count, cost + asNone + crossed, { cut, count, i, real: false });
      }
    }
  }
  return new Map([...costs[ends]].map(([sum, { cost, origin }]) => {
    const path = [];
    for (let at = origin; at; at = costs[at.cut].get(at.count).origin) if (at.i !== undefined) path.unshift(at);
    return [sum, { cost, path }];
  }));
}

/** The pieces that start at each cut, with their costs, and whether nothing is between a cut and the next one. */
function latticeOf(places, found, probabilities) {
  const starting = places.map(() => []);
  found.forEach((piece, i) => {
    const crossed = CROSSED * places[piece.last].crossed;
    starting[piece.first].push({ i, last: piece.last, crossed, ...prices(piece, probabilities[i]) });
  });
  return { starting, empty: starting.map((some, cut) => !some.some(({ last }) => last === cut + 1)) };
}

/** The cost of the best path that reads a number on the lines of a row, Infinity if there is none (Viterbi 1967). */
function costOf(lattices, number) {
  let cost = [0, ...Array(number.length).fill(Infinity)]; // by how many of its digits are read so far
  for (const { starting, empty } of lattices) {
    const at = starting.map(() => cost.map(() => Infinity));
    at[0] = cost;
    for (let cut = 0; cut < starting.length - 1; cut++) {
      const step = (to, n, price) => (at[to][n] = Math.min(at[to][n], price));
      at[cut].forEach((before, n) => {
        if (empty[cut]) step(cut + 1, n, before);
        for (const { last, asDigit, asNone, crossed } of starting[cut]) {
          step(last, n, before + asNone + crossed);
          if (n < number.length) step(last, n + 1, before + asDigit[number[n]] + crossed);
        }
      });
    }
    cost = at.at(-1);
  }
  return cost.at(-1);
}

/** The costs of reading a piece as each digit, and as no digit. */
function prices({ ink, dropped }, probabilities) {
  const [height, width] = [ink.height / HEIGHT, ink.width / HEIGHT];
  const none = 1 - total(probabilities);
  const tall = clip((height - 0.3) / 0.4, 0, 1) * (1 + SKIP_WIDE * clip((width - 0.75) / 0.5, 0, 1));
  const low = clip((0.7 - height) / 0.2, 0, 1);
  return {
    asDigit: Array.from(probabilities, (p) => -SPLIT + LOW * low + DROPPED * dropped - Math.log(Math.max(p, LEAST))),
    asNone: 0.5 - Math.log(clip(none, 1e-3, 1)) + SKIP_TALL * tall,
  };
}

function digitOf(box, tile, probabilities, threshold) {
  const found = { box, ...ranked(probabilities), accepted: true, reason: null, probabilities, tile: rowsOf(tile) };
  if (total(probabilities) < PLAUSIBLE) return refused(found);
  return found.confidence >= threshold ? found : { ...found, accepted: false, reason: unsure(found) };
}
