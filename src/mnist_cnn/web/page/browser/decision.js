/** Decision: how probable it is that a word is right, and whether it is accepted. A copy of read/decision.py. */

import { DOUBTFUL, LIKELY, WEIGHTS } from "./constants.js";
import { clip, largest, total } from "./vision.js";

export const UNSURE = "unsure";
export const FEATURES = ["bias", "string", "digit", "classifier", "other", "unseen", "missed", "heat", "disagree", "strokes", "second"];
export const [ONCE, TWICE, ALONE] = [0, 1, 2];

/** Whether a glyph of a word is a digit, not a sign. */
export const isDigit = (glyph) => "digit" in glyph;

/** The probability that a word is right. */
export function confidence({ features, how }) {
  const odds = total(WEIGHTS[how].map((weight, i) => weight * features[i]));
  return 1 / (1 + Math.exp(-clip(odds, -30, 30)));
}

/** The probability that all words are right, if they are independent; 0 if there are none. */
export function confidenceOfAll(rows) {
  const words = rows.flat();
  return words.length ? words.reduce((all, word) => all * confidence(word), 1) : 0;
}

/** For each row of words whether it is kept: doubtful rows are not if there is a likely word. */
export function likelyRows(rows) {
  const surest = (row) => largest(row.map(confidence), 0);
  const likely = largest(rows.map(surest), 0) >= LIKELY;
  return rows.map((row) => row.length > 0 && !(likely && surest(row) < DOUBTFUL));
}

/** A word, accepted or with the reason why it is not. least, leastDigit: confidence from which it and its digits are accepted. */
export function judged(word, least, leastDigit) {
  const { glyphs: read, features, beside, mixed, letters } = word;
  const value = confidence(word);
  const glyphs = read.map((glyph) => (isDigit(glyph) && glyph.confidence < leastDigit ? unsure(glyph) : glyph));
  let reason = null;
  if (beside) reason = "a mark beside it was not read";
  else if (mixed) reason = "a mark in it is a digit or a sign";
  else if (letters) reason = "in a column of letters";
  else if (features[FEATURES.indexOf("missed")]) reason = "a mark in it was not read";
  else if (value < least && glyphs.every((glyph, i) => glyph === read[i])) reason = UNSURE;
  return { glyphs, confidence: value, reason };
}

/** A digit as not accepted. */
const unsure = (digit) => ({ ...digit, accepted: false, reason: `unsure: ${digit.digit} or ${digit.alternatives[0].digit}` });
