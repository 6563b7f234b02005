/** Views: what several strips of the same writing say together, also with a second reader. A copy of read/views.py. */

import {
  DIGIT_GAIN, SECOND_COST_LIMIT, SECOND_COST_WEIGHT, USUAL_FACTOR, VIEW_STRINGS, VIEW_TIE,
} from "./constants.js";
import { bestPath, firstThatFits, fits, framesIn, likelihood, located, logSum, search } from "./ctc.js";
import { NAMES, SLASH, text } from "./labels.js";
import { isUsual, withOnes, withSlashes } from "./slashes.js";
import { argmax, largest, total } from "./vision.js";

/**
 * The string that is the most probable one on average over views of the same writing: {string, view, agree, second,
 * signs}, as read/views.py.
 * views: the log probabilities of each view, a Float32Array (t, 22).
 * digits: number of digits, if it is known. A string with this number is preferred to a more probable one.
 * second: what a second reader reads: {number, confidence, costs}.
 */
export function together(views, digits = null, second = null) {
  const frames = views.map(framesIn);
  const found = search(frames[0]);
  const paths = views.slice(1).map(bestPath);
  if (second) return withSecond(frames, triedOf(frames, found, digits, second), paths, second);
  let { labels: best, score } = firstThatFits(found, digits);
  let labels = withOnes(best);
  const maybe = withSlashes([labels, ...paths.map(withOnes)]);
  const others = unique(maybe.filter((path) => !same(path, labels) && fits(path, digits))).sort(inOrder);
  let view = 0;
  if (others.length || !same(labels, best)) {
    const likely = [labels, ...others].map((string) => ({ string, scores: frames.map((each) => likelihood(each, string)) }));
    const { string, scores } = likely[argmax(likely.map((each) => each.scores.reduce(logSum) + usualGain(each.string)))];
    labels = string;
    score = scores.reduce(logSum) - Math.log(views.length);
    view = likelyView(scores);
  }
  return { string: located(frames[view], labels, score), view, agree: agreeing(paths, labels), second: null, signs: 0 };
}

/** The strings that are tried with a second reader, each with a digit. found: the most probable ones of the first view. */
function triedOf(frames, found, digits, second) {
  const all = [...found, ...frames.slice(1).flatMap((each) => search(each).slice(0, VIEW_STRINGS))].map(({ labels }) => withOnes(labels));
  const tried = unique(withSlashes([...all, Array.from(second.number, Number)])).filter((labels) => labels.some((label) => label < 10));
  const fitting = tried.filter((labels) => fits(labels, digits));
  return fitting.length ? fitting : tried;
}

/** The string, of those tried, that both readers together find the most probable. paths: of all views but the first. */
function withSecond(frames, tried, paths, second) {
  const likely = tried.map((string) => frames.map((each) => likelihood(each, string)));
  const scores = likely.map((each) => each.reduce(logSum) - Math.log(frames.length));
  const costs = second.costs(tried.map((string) => numberOf(string, "1"))).map((cost) => Math.min(cost, SECOND_COST_LIMIT));
  const lengths = tried.map((string) => numberOf(string, "1").length);
  const both = scores.map((score, i) => score - SECOND_COST_WEIGHT * costs[i] + DIGIT_GAIN * lengths[i] + usualGain(tried[i]));
  const all = both.reduce(logSum);
  const shares = both.map((value) => Math.exp(value - all));
  const numbers = tried.map((string) => numberOf(string, "/"));
  const ofNumber = new Map();
  numbers.forEach((number, i) => ofNumber.set(number, (ofNumber.get(number) ?? 0) + shares[i]));
  const [number] = [...ofNumber].reduce((best, each) => (each[1] > best[1] ? each : best));
  const best = argmax(shares.map((value, i) => (numbers[i] === number ? value : -1)));
  const labels = tried[best];
  const view = likelyView(likely[best]);
  const string = withShares(located(frames[view], labels, scores[best]), tried, shares);
  const written = (string_) => text(string_).replaceAll("#", "");
  const alike = total(shares.filter((_, i) => written(tried[i]) === written(labels)));
  return {
    string,
    view,
    agree: agreeing(paths, labels),
    second: number === second.number ? second.confidence : 0,
    signs: 1 - alike / ofNumber.get(number),
  };
}

/** A string whose digits have the shares of the strings of the same length that have each digit there. */
function withShares(string, tried, shares) {
  const digitsOf = (labels) => labels.filter((label) => label < 10);
  const byDigit = digitsOf(string.marks.map(({ label }) => label)).map(() => Array(10).fill(0));
  tried.map(digitsOf).forEach((digits, i) => {
    if (digits.length === byDigit.length) digits.forEach((digit, at) => (byDigit[at][digit] += shares[i]));
  });
  const rest = byDigit[Symbol.iterator]();
  return { ...string, marks: string.marks.map((mark) => (mark.label < 10 ? { ...mark, shares: rest.next().value } : mark)) };
}

/** Each list once, in the order of their first places. */
const unique = (lists) => [...new Map(lists.map((list) => [list.join(), list])).values()];

/** The number of paths that are a string. */
const agreeing = (paths, labels) => paths.filter((path) => same(path, labels)).length;

/** The first view on which a string has its highest log probability, or nearly so. */
const likelyView = (scores) => scores.findIndex((one) => one >= largest(scores) - VIEW_TIE);

/** The digits of a string and its slashes, these as the character `slash`. */
const numberOf = (labels, slash) =>
  labels.filter((label) => label < 10 || label === SLASH).map((label) => (label < 10 ? NAMES[label] : slash)).join("");

/** The gain of a string for being a common fraction or date, in nats. */
const usualGain = (labels) => (isUsual(labels) ? Math.log(USUAL_FACTOR) : 0);

/** Whether two lists have the same items. */
const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);

/** The order of Python's tuples. */
function inOrder(a, b) {
  const i = a.findIndex((value, n) => value !== b[n]);
  return i < 0 ? a.length - b.length : (b[i] ?? -1) < a[i] ? 1 : -1;
}
