/** Reader: reads the digits on grey pixels. A copy of read/reader.py, which gives the reasons. */

import { clip, cv, largest, resized, round, total } from "./vision.js";
import { cuts, pieces } from "./cuts.js";
import { form, hasForm } from "./form.js";
import { CLOSE_UP, ink } from "./ink.js";
import { HEIGHT, lines } from "./lines.js";
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
const THROUGH = 1;
const CUT_OUT = 0.9;
const NO_DIGIT = "not a digit";
const MOSTLY_MARKS = "not more digits than marks";
const PLAUSIBLE = 0.07;

/**
 * Read the digits on a picture: grey pixels (a Grid with a Uint8Array).
 * classify: from tiles (Grids) to a promise of ten probabilities for each. threshold: the model's.
 * size: the width and height that boxes refer to.
 */
export async function read(pixels, classify, threshold, size) {
  const tile = alreadyNormalised(pixels);
  const [width, height] = size;
  if (tile) {
    const [probabilities] = await classify([tile]);
    return reading([joined([[digitOf({ x: 0, y: 0, width, height }, tile, probabilities, threshold)]])], size);
  }
  const page = enlarged(pixels);
  const shorter = Math.min(pixels.height, pixels.width);
  const [small, tiny] = [shorter < CLOSE_UP, shorter < TINY];
  let best = [];
  for (const broad of tiny ? [true] : [small, !small]) {
    const pieces = [];
    for (const line of lines(ink(page, broad, !tiny))) {
      const digits = await readLine(line, classify, [threshold, Math.max(threshold, CUT_OUT)], size, page.width / width);
      if (digits.length) pieces.push(digits);
    }
    const found = rows(pieces.map(place)).map((row) => joined(row.map((i) => pieces[i])));
    if (!best.length || sure(found) > sure(best)) best = found;
    if (best.length && sure(best) === 1) break;
  }
  return reading(best, size);
}

const isDigit = (digit) => digit.reason !== NO_DIGIT;

const product = (numbers) => numbers.reduce((all, number) => all * number, 1);

const mostlyMarks = (digits) => 2 * digits.filter(isDigit).length <= digits.length;

/** Where a piece is: the boxes of its digits, or of its marks if it has no digits. */
function place(digits) {
  const number = digits.some(isDigit);
  return { boxes: digits.filter((digit) => isDigit(digit) || !number).map(({ box }) => box), number };
}

/** The pieces of one row, from left to right, as one number: its digits and marks, its words, and why it is not accepted. */
function joined(pieces) {
  const digits = pieces.flat();
  let reason = null;
  if (pieces.length > 1 && !pieces.every((piece) => piece.some(isDigit))) reason = "a part without digits";
  else if (pieces.length > 1 && pieces.some(mostlyMarks)) reason = "a part with more marks than digits";
  else if (mostlyMarks(digits)) reason = MOSTLY_MARKS;
  const parts = pieces.map((piece) => piece.filter(isDigit)).filter((piece) => piece.length);
  const parted = words(parts.map((part) => part.map(({ box }) => box))).map((word) => word.flatMap((i) => parts[i]));
  return { digits, parted, reason };
}

/** The reading in the form of read/reading.py. Marks that are not digits, and rows without any digit, become `others`. */
function reading(found, [width, height]) {
  const rows = found.filter(({ parted }) => parted.length).map(rowOf);
  const others = found.flatMap(({ digits, parted }) => {
    const marks = digits.filter((digit) => !isDigit(digit)).map(({ box }) => box);
    return parted.length ? marks : [around(marks)];
  });
  const number = rows.map((row) => row.number).join("");
  const confidence = rows.length ? product(rows.map((row) => row.confidence)) : 0;
  const accepted = rows.length > 0 && rows.every((row) => row.accepted);
  return { number, confidence, accepted, reason: null, width, height, turned: 0, rows, others };
}

function rowOf({ parted, reason }) {
  const words = parted.map(wordOf);
  const number = words.map((word) => word.number).join("");
  const text = words.map((word) => word.text).join(" ");
  const confidence = product(words.map((word) => word.confidence));
  const accepted = !reason && words.every((word) => word.accepted);
  return { number, text, confidence, accepted, reason, box: around(words.map(({ box }) => box)), words };
}

function wordOf(digits) {
  const number = digits.map(({ digit }) => digit).join("");
  const confidence = product(digits.map((digit) => digit.confidence));
  const accepted = digits.every((digit) => digit.accepted);
  const box = around(digits.map((digit) => digit.box));
  return { text: number, number, confidence, accepted, reason: null, print: false, box, digits, signs: [] };
}

/** The smallest box that holds all boxes, at least one. */
function around(boxes) {
  const [x, y] = [Math.min(...boxes.map((box) => box.x)), Math.min(...boxes.map((box) => box.y))];
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** The part of the digits and marks that is accepted. */
function sure(found) {
  const digits = found.flatMap((line) => line.digits);
  return digits.length ? digits.filter((digit) => digit.accepted).length / digits.length : 0;
}

/** The tile, if the picture has MNIST's form already, bright on dark or dark on bright. */
function alreadyNormalised(pixels) {
  for (const image of [pixels, pixels.map((value) => 255 - value)]) {
    if (hasForm(image)) return image.map((value) => value / 255, Float32Array);
  }
  return null;
}

/** Enlarge small pictures to about 112 pixels on their shorter side. */
function enlarged(pixels) {
  const { height, width } = pixels;
  const scale = Math.min(round(112 / Math.min(height, width)), Math.floor(2000 / Math.max(height, width)));
  return scale > 1 ? resized(pixels, width * scale, height * scale, cv.INTER_CUBIC) : pixels;
}

/** The digits on a line. thresholds: for those that stand alone, and for those cut out of touching ink. */
async function readLine(line, classify, thresholds, size, scale) {
  const places = cuts(line.ink);
  const found = pieces(line.ink, places, HEIGHT);
  if (!found.length) return [];
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
  const [chosen, doubtful, cutOut] = [[], [], []];
  for (const { i, real } of bestPath(places, found, probabilities)) {
    const { ink: { width, height }, left, top, first, last } = found[i];
    if (!real && height < SMALL * HEIGHT) continue;
    const box = line.box(left, top, left + width, top + height, size, scale);
    cutOut.push(Math.max(places[first].crossed, places[last].crossed) > THROUGH);
    const digit = digitOf(box, tiles.get(same[i]), probabilities[i], thresholds[Number(cutOut.at(-1))]);
    chosen.push(real ? digit : refused(digit));
    doubtful.push(real && !isDigit(digit));
  }
  if (chosen.length > 1 && belief(chosen, chosen.length === 2 && cutOut.every(Boolean)) < BELIEVED) return chosen.map(refused);
  if (chosen.length > 1 && 2 * chosen.filter(isDigit).length >= chosen.length) {
    return chosen.map((digit, i) => (doubtful[i] ? { ...digit, reason: unsure(digit) } : digit));
  }
  return chosen;
}

const refused = (digit) => ({ ...digit, accepted: false, reason: NO_DIGIT });

const unsure = (digit) => `unsure: ${digit.digit} or ${digit.alternatives[0].digit}`;

/** The probability of the best digit, or the geometric mean of all of them. */
function belief(digits, average) {
  const confidences = digits.map((digit) => digit.confidence);
  return average ? product(confidences) ** (1 / confidences.length) : largest(confidences, 0);
}

/** The best path from the first cut to the last: which pieces, and whether each is a digit (Viterbi 1967). */
function bestPath(places, found, probabilities) {
  const ends = places.length - 1;
  const filled = new Set(found.map(({ first, last }) => `${first} ${last}`));
  const costs = places.map(() => ({ cost: Infinity }));
  costs[0] = { cost: 0 };
  const step = (to, cost, origin) => {
    if (cost < costs[to].cost) costs[to] = { cost, origin };
  };
  for (let cut = 0; cut < ends; cut++) {
    const { cost } = costs[cut];
    if (cost === Infinity) continue;
    if (!filled.has(`${cut} ${cut + 1}`)) step(cut + 1, cost, { cut });
    found.forEach((piece, i) => {
      if (piece.first !== cut) return;
      const crossed = CROSSED * places[piece.last].crossed;
      const { asDigit, asNone } = prices(piece, probabilities[i]);
      step(piece.last, cost + asDigit + crossed, { cut, i, real: true });
      step(piece.last, cost + asNone + crossed, { cut, i, real: false });
    });
  }
  const path = [];
  for (let origin = costs[ends].origin; origin; origin = costs[origin.cut].origin) {
    if (origin.i !== undefined) path.unshift(origin);
  }
  return path;
}

/** The costs of reading a piece as a digit, and as no digit. */
function prices({ ink, dropped }, probabilities) {
  const [height, width] = [ink.height / HEIGHT, ink.width / HEIGHT];
  const none = 1 - probabilities.reduce((sum, value) => sum + value, 0);
  const tall = clip((height - 0.3) / 0.4, 0, 1) * (1 + SKIP_WIDE * clip((width - 0.75) / 0.5, 0, 1));
  const low = clip((0.7 - height) / 0.2, 0, 1);
  return {
    asDigit: -SPLIT - Math.log(Math.max(largest(probabilities, 0), 1e-6)) + LOW * low + DROPPED * dropped,
    asNone: 0.5 - Math.log(clip(none, 1e-3, 1)) + SKIP_TALL * tall,
  };
}

function digitOf(box, tile, probabilities, threshold) {
  const order = [...Array(10).keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const [{ digit, confidence }, ...alternatives] = order.slice(0, 3).map((digit) => ({ digit, confidence: probabilities[digit] }));
  const rows = Array.from({ length: tile.height }, (_, y) => [...tile.row(y)]);
  const found = { box, digit, confidence, alternatives, accepted: true, reason: null, probabilities, tile: rows };
  if (probabilities.reduce((sum, value) => sum + value, 0) < PLAUSIBLE) return refused(found);
  return confidence >= threshold ? found : { ...found, accepted: false, reason: unsure(found) };
}
