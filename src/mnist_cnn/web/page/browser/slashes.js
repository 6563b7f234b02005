/** Slashes: in which numbers people write them, and which 1s may be slashes. A copy of read/slashes.py. */

import { SLASH, text } from "./labels.js";

const SLASHED = new RegExp(
  "^((\\d\\d?/\\d\\d?(/(\\d\\d|(19|20)\\d\\d))?|\\d{1,3}/\\d\\d0|1\\d\\d/\\d{2,3}" +
    "|\\d\\d?/(19|20)\\d\\d|(19|20)\\d\\d/\\d\\d?(/\\d\\d?)?)-?|\\d+/-)$",
);
const USUAL =
  /^((1\/[234]|2\/3|3\/4)|(0?[1-9]|[12]\d|3[01])\/(0?[1-9]|[12]\d|3[01])\/(\d\d|(19|20)\d\d))$/;

/** Whether a string is a common fraction or a date. */
export const isUsual = (labels) => USUAL.test(text(labels));

/** Whether people write all numbers with slashes that are in a string. */
function isSlashed(labels) {
  const numbers = text(labels).match(/[0-9/]+-?/g) ?? [];
  return numbers.filter((number) => number.includes("/")).every((number) => SLASHED.test(number));
}

/** Whether the 1 at index i may be a slash: people write the string with one there, or also at another 1. */
export const mayBeSlash = (labels, i) => withSlashAt(labels, i).some(isSlashed);

/** Whether a slash for the 1 at index i, or also for another 1, gives a common fraction or date. */
export const isOftenSlash = (labels, i) => withSlashAt(labels, i).some(isUsual);

/** Whether any 1 of some digits may be a slash. */
export const mayHaveSlash = (digits) => digits.some((digit, i) => digit === 1 && mayBeSlash(digits, i));

/** A string with 1s in place of its slashes, unless people write such numbers with slashes. */
export const withOnes = (labels) => (isSlashed(labels) ? labels : labels.map((label) => (label === SLASH ? 1 : label)));

/** Strings, followed by the common fractions and dates that they are with slashes for one or two 1s. */
export function withSlashes(strings) {
  const ones = (labels) => [...labels.keys()].filter((i) => labels[i] === 1);
  return [...strings, ...strings.flatMap((labels) => ones(labels).flatMap((i) => withSlashAt(labels, i)).filter(isUsual))];
}

/** A string with a slash at index i, and the strings with a second slash for another 1. */
function withSlashAt(labels, i) {
  const ones = [...labels.keys()].filter((j) => labels[j] === 1);
  return ones.map((j) => labels.map((label, k) => (k === i || k === j ? SLASH : label)));
}
