/** Reading: what was read, with the names of the server's answers. A copy of read/reading.py. */

import { isDigit } from "./decision.js";
import { largest, smallest } from "./vision.js";

/** The smallest box that holds all boxes. */
export function around(boxes) {
  const [x, y] = [smallest(boxes.map((box) => box.x)), smallest(boxes.map((box) => box.y))];
  const [right, bottom] = [largest(boxes.map((box) => box.x + box.width)), largest(boxes.map((box) => box.y + box.height))];
  return { x, y, width: right - x, height: bottom - y };
}

/** The smallest box of whole pixels around left, top, right and bottom times `scale`. */
export function enclosing({ left, top, right, bottom }, scale) {
  const [x, y] = [Math.floor(left * scale), Math.floor(top * scale)];
  return { x, y, width: Math.max(1, Math.ceil(right * scale) - x), height: Math.max(1, Math.ceil(bottom * scale) - y) };
}

/** The most probable digit and the next two. */
export function ranked(probabilities) {
  const order = [...Array(10).keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const [{ digit, confidence }, ...alternatives] = order.slice(0, 3).map((digit) => ({ digit, confidence: probabilities[digit] }));
  return { digit, confidence, alternatives };
}

/** A tile as rows of numbers. */
export const rowsOf = (tile) => Array.from({ length: tile.height }, (_, y) => [...tile.row(y)]);

/** Whether a word can be used without looking. */
export const isAccepted = ({ glyphs, reason }) => reason === null && glyphs.filter(isDigit).every((digit) => digit.accepted);

/** The product of numbers. */
export const product = (numbers) => numbers.reduce((all, number) => all * number, 1);

/** A confidence with six decimals. */
const rounded = (value) => Number(value.toFixed(6));

/** A reading of rows {words, reason}. turned: degrees by which the picture was turned clockwise. */
export function reading({ rows: found, others, reason = null }, [width, height], turned) {
  const rows = found.map(rowOf).map(({ all: _, ...row }) => row);
  const number = rows.map((row) => row.number).join("");
  const confidence = found.length ? product(found.flatMap(({ words }) => words.map((word) => word.confidence))) : 0;
  const usable = reason === null && number !== "" && rows.every((row) => row.accepted);
  return { number, confidence: rounded(confidence), accepted: usable, reason, width, height, turned, rows, others };
}

/** A row, with its unrounded confidence as `all`. */
export function rowOf({ words: found, reason }) {
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

/** A word. */
function wordOf(word) {
  const [digits, signs] = [word.glyphs.filter(isDigit), word.glyphs.filter((glyph) => !isDigit(glyph))];
  return {
    text: word.glyphs.map((glyph) => glyph.sign ?? glyph.digit).join(""),
    number: digits.map(({ digit }) => digit).join(""),
    confidence: rounded(word.confidence),
    accepted: isAccepted(word),
    reason: word.reason,
    box: around(word.glyphs.map(({ box }) => box)),
    digits: digits.map(withRounded),
    signs: signs.map(withRounded),
  };
}

/** A glyph with rounded confidences. */
function withRounded(glyph) {
  const alternatives = glyph.alternatives?.map(({ digit, confidence }) => ({ digit, confidence: rounded(confidence) }));
  return { ...glyph, confidence: rounded(glyph.confidence), ...(alternatives && { alternatives }) };
}
