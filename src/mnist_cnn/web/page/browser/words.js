/** Words: the marks of each row as words, with the values that tell how sure they are. A copy of read/words.py. */

import { enclosing, ranked, rowsOf } from "./reading.js";
import {
  BESIDE_GAP, BESIDE_OVERLAP, CLASSIFIER_FLOOR, CLASSIFIER_WEIGHT, FEATURE_CLASSIFIER_FLOOR, FEATURE_FLOOR, MIXED_SIGNS,
  OWN_SHARE, SECOND_DOUBT, STRING_FLOOR, VIEW_SCALES,
} from "./constants.js";
import { ALONE, FEATURES, ONCE, TWICE, isDigit } from "./decision.js";
import { OTHER } from "./finder.js";
import { NAMES, OTHER_WRITING } from "./labels.js";
import { isNumeral } from "./marks.js";
import { wordsOfPage } from "./rows.js";
import { tiles } from "./tiles.js";
import { largest, median, smallest, total } from "./vision.js";

const DASHES = "-+x÷=";

/**
 * For each mark of each run {tile, dotted, probabilities}; null for signs.
 * classify: a function that runs the classifier.
 */
export async function classified(gray, read, classify) {
  const cuts = read.map(({ strip, marks }) => tiles(gray, strip, marks.map(({ box }) => box), marks.map(isNumeral)));
  const flat = cuts.flat().filter(Boolean).map(({ image }) => image);
  const answers = (flat.length ? await classify(flat) : [])[Symbol.iterator]();
  return cuts.map((run) => run.map((tile) => tile && { tile: tile.image, dotted: tile.dotted, probabilities: answers.next().value }));
}

/** The words of each row of marks, from left to right: {glyphs, features, beside, mixed, how} each. */
export function words(rows, seen, scale) {
  const own = rows.map((row) => row.filter(({ mark }) => mark.label !== OTHER_WRITING));
  const heights = own.map((row) => median(row.filter(({ mark }) => isNumeral(mark)).map(({ mark: { box } }) => box.bottom - box.top)));
  const boxes = own.map((row, n) => boxesOf(row, heights[n]));
  const unread = [
    ...seen.filter(({ kind }) => kind === OTHER),
    ...rows.flat().filter(({ mark }) => mark.label === OTHER_WRITING).map(({ mark }) => mark.box),
  ];
  const found = wordsOfPage(boxes).map((indices, n) => indices.flatMap((word) => {
    const members = word.map((i) => own[n][i]);
    const labels = members.map(({ mark }) => mark.label);
    const read = labels.some((label) => label < 10) || labels.every((label) => DASHES.includes(NAMES[label]));
    return read ? [wordOf(members, unread, heights[n], scale)] : [];
  }));
  const alone = found.length === 1 && found[0].length === 1 && found[0][0].how === TWICE && found[0][0].glyphs.length === 1;
  return alone ? [[{ ...found[0][0], how: ALONE }]] : found;
}

/** The boxes of the marks of a row, all as high as a digit, in sixteenths of a pixel. */
const boxesOf = (row, height) => row.map(({ mark: { box } }) => {
  const middle = (box.top + box.bottom) / 2;
  return enclosing({ left: box.left, top: middle - height / 2, right: box.right, bottom: middle + height / 2 }, 16);
});

/** A word with what tells how sure it is. unread: boxes of marks that were not read. height: of a digit of the row. */
function wordOf(members, unread, height, scale) {
  const glyphs = members.map((member) => glyphOf(member, scale));
  const beside = hasBeside(members.map(({ mark }) => mark.box), unread, height);
  const mixed = members.some(({ mark, run }) => mark.mixed || run.signs > MIXED_SIGNS)
    || members.slice(0, -1).some(({ known }) => known?.dotted);
  const how = members.some(({ mark }) => mark.shares) ? TWICE : ONCE;
  return { glyphs, features: featuresOf(members, glyphs), beside, mixed, how };
}

/** Whether a mark that was not read is so near to the boxes of a word that it can be a part of it. */
function hasBeside(boxes, unread, height) {
  const [left, right] = [boxes[0].left, boxes.at(-1).right];
  const [top, bottom] = [smallest(boxes.map((b) => b.top)), largest(boxes.map((b) => b.bottom))];
  return unread.some((other) => {
    const shared = Math.min(other.bottom, bottom) - Math.max(other.top, top);
    const away = Math.max(other.left - right, left - other.right);
    return away < BESIDE_GAP * height && shared > BESIDE_OVERLAP * Math.min(other.bottom - other.top, bottom - top);
  });
}

/** A sign, or a digit with the probabilities of the string network and the classifier combined. */
function glyphOf({ mark, known }, scale) {
  const box = enclosing(mark.box, scale);
  if (!known) return { box, sign: NAMES[mark.label], confidence: mark.probabilities[mark.label] };
  const ten = mark.probabilities.slice(0, 10);
  const both = ten.map((p, d) => (p + STRING_FLOOR) * (known.probabilities[d] + CLASSIFIER_FLOOR) ** CLASSIFIER_WEIGHT);
  const [sum, rest] = [total(both), total(ten)];
  const own = both.map((p) => (p / sum) * rest);
  const probabilities = mark.shares ? own.map((p, d) => (1 - OWN_SHARE) * mark.shares[d] + OWN_SHARE * p) : own;
  return { box, ...ranked(probabilities), accepted: true, reason: null, probabilities, tile: rowsOf(known.tile) };
}

/** The values of FEATURES for a word. */
function featuresOf(members, read) {
  const log = (value, least) => Math.log(Math.max(value, least));
  const own = [...new Set(members.map(({ run }) => run))];
  const byClassifier = members.flatMap(({ mark, known }, i) =>
    known ? [[known.probabilities[read[i].digit], mark.probabilities[OTHER_WRITING]]] : []);
  const heats = members.map(({ mark }) => mark.heat).filter((heat) => heat > 0);
  const values = {
    bias: 1,
    string: total(own.map((run) => log(run.string.probability, FEATURE_FLOOR))),
    digit: smallest(read.map(({ confidence }) => log(confidence, FEATURE_FLOOR))),
    classifier: byClassifier.length ? smallest(byClassifier.map(([p]) => log(p, FEATURE_CLASSIFIER_FLOOR))) : 0,
    other: -largest(byClassifier.map(([, q]) => q), 0),
    unseen: members.filter(({ mark }) => mark.heat === 0 && isNumeral(mark)).length,
    missed: total(own.map((run) => run.missed)),
    heat: heats.length ? smallest(heats.map(Math.log)) : 0,
    disagree: largest(own.map((run) => VIEW_SCALES.length - run.agree)),
    strokes: Number(read.filter(isDigit).every(({ digit }) => digit === 1)),
    second: -total(own.filter((run) => run.second !== null).map((run) => Math.log(SECOND_DOUBT + 1 - run.second))),
  };
  return FEATURES.map((name) => values[name]);
}
