/** Strings: what is written on strips, mark by mark, with the probabilities of each. A copy of read/strings.py. */

import { argmax, largest, total } from "./vision.js";
import { ROWS, contrast } from "./strips.js";

const SIGNS = ".,-/+x÷=()";
export const NAMES = [..."0123456789", ...SIGNS, "#"];
export const BLANK = NAMES.length;
const FRAME = 2;
const AT_ONCE = 32;
const NEVER_FIRST = new Set([...",/x÷=)"].map((sign) => NAMES.indexOf(sign)));
const SLASH = 0.3;
const SLASHED = new RegExp(
  "^((\\d\\d?/\\d\\d?(/(\\d\\d|(19|20)\\d\\d))?|\\d{1,3}/\\d\\d0|1\\d\\d/\\d{2,3}" +
    "|\\d\\d?/(19|20)\\d\\d|(19|20)\\d\\d/\\d\\d?(/\\d\\d?)?)-?|\\d+/-)$",
);
const USUAL_FORMS =
  /^((1\/[234]|2\/3|3\/4)|(0?[1-9]|[12]\d|3[01])\/(0?[1-9]|[12]\d|3[01])\/(\d\d|(19|20)\d\d))$/;
const USUAL = 30;
const DIGIT = 0.6;
const COST = 0.3;
const OTHERS = 3;
const DEAREST = 60;
const BEAM = 8;
const PRUNED = -7;
const ALIKE = 0.05;
const NOTHING = -1e9;

/**
 * A string for each strip (a Grid of 40 rows): {marks, probability}. Each mark has a label, x and probabilities.
 * run: the network, from a Float32Array (n, 40, w, 2), n and w to a promise of {data, frames}, log probabilities (n, frames, 22).
 * digits: their number, if it is known. A string with as many is preferred to a more probable one.
 */
export async function strings(strips, run, digits = null) {
  return (await framesOf(strips, run)).map((data) => decode(data, digits));
}

/**
 * For each piece of writing what is read on all views of it together: {string, view, agree}, as read/strings.py.
 * views: of each piece the same number of strips, the usual one first.
 * second: what a second reader makes of the first piece: {number, confidence, costs}.
 */
export async function readViews(views, run, { digits = null, second = null } = {}) {
  const frames = await framesOf(views.flat(), run);
  const n = views.length ? views[0].length : 0;
  return views.map((_, i) => together(frames.slice(i * n, (i + 1) * n), digits, i ? null : second));
}

/** The most probable label of each frame of a Float32Array (t, 22), repeats as one and blanks left out. */
function bestPath(data) {
  const labels = [];
  let before = -1;
  for (let t = 0; t < data.length; t += BLANK + 1) {
    const best = argmax(data.subarray(t, t + BLANK + 1));
    if (best !== before && best !== BLANK) labels.push(best);
    before = best;
  }
  return labels;
}

/** The log probabilities of each strip, a Float32Array (width / 2, 22). */
async function framesOf(strips, run) {
  const order = [...strips.keys()].sort((a, b) => strips[a].width - strips[b].width);
  const found = new Array(strips.length);
  for (let start = 0; start < order.length; start += AT_ONCE) {
    const some = order.slice(start, start + AT_ONCE);
    const width = largest(some.map((i) => strips[i].width));
    const x = new Float32Array(some.length * ROWS * width * 2);
    some.forEach((i, n) => {
      const [values, row] = [contrast(strips[i]), 2 * strips[i].width];
      for (let y = 0; y < ROWS; y++) x.set(values.subarray(y * row, (y + 1) * row), 2 * width * (n * ROWS + y));
    });
    const { data, frames } = await run(x, some.length, width);
    some.forEach((i, n) => {
      const first = n * frames * (BLANK + 1);
      const count = Math.min(frames, Math.floor(strips[i].width / FRAME));
      found[i] = withFewerSlashes(data.subarray(first, first + count * (BLANK + 1)));
    });
  }
  return found;
}

/** Log probabilities with that of a slash times SLASH. */
function withFewerSlashes(data) {
  const [at, n] = [NAMES.indexOf("/"), BLANK + 1];
  const changed = data.slice();
  for (let t = 0; t < data.length; t += n) {
    const by = Math.log1p((SLASH - 1) * Math.exp(data[t + at]));
    for (let i = t; i < t + n; i++) changed[i] = data[i] - by;
    changed[t + at] += Math.log(SLASH);
  }
  return changed;
}

const framesIn = (data) => Array.from({ length: data.length / (BLANK + 1) }, (_, t) => data.subarray(t * (BLANK + 1), (t + 1) * (BLANK + 1)));

/** The most probable string of log probabilities, a Float32Array (t, 22), and where its marks are. */
export function decode(data, digits = null) {
  const frames = framesIn(data);
  const { labels, score } = bestOf(search(frames), digits);
  return stringOf(frames, labels, score);
}

/**
 * The string that is the most probable one on average over views of the same writing: {string, view, agree}. With a
 * second reader its cost counts too, as read/strings.py.
 */
export function together(views, digits = null, second = null) {
  const frames = views.map(framesIn);
  const found = search(frames[0]);
  const paths = views.slice(1).map(bestPath);
  if (second) {
    const all = [...found, ...frames.slice(1).flatMap((each) => search(each).slice(0, OTHERS))].map(({ labels }) => withOnes(labels));
    const tried = unique(withSlashes([...all, Array.from(second.number, Number)])).filter((labels) => labels.some((label) => label < 10));
    const fitting = tried.filter((labels) => fits(labels, digits));
    return chosen(frames, fitting.length ? fitting : tried, paths, second);
  }
  let { labels: best, score } = bestOf(found, digits);
  let labels = withOnes(best);
  const maybe = withSlashes([labels, ...paths.map(withOnes)]);
  const others = unique(maybe.filter((path) => !same(path, labels) && fits(path, digits))).sort(order);
  let view = 0;
  if (others.length || !same(labels, best)) {
    const likely = [labels, ...others].map((string) => ({ string, scores: frames.map((each) => likelihood(each, string)) }));
    const { string, scores } = likely[argmax(likely.map((each) => each.scores.reduce(logSum) + usual(each.string)))];
    labels = string;
    score = scores.reduce(logSum) - Math.log(views.length);
    view = likelyView(scores);
  }
  return { string: stringOf(frames[view], labels, score), view, agree: agreeing(paths, labels), second: null, signs: 0 };
}

/** The string, of those tried, that both readers together find the most probable. */
function chosen(frames, tried, paths, second) {
  const likely = tried.map((string) => frames.map((each) => likelihood(each, string)));
  const scores = likely.map((each) => each.reduce(logSum) - Math.log(frames.length));
  const costs = second.costs(tried.map((string) => numberOf(string, "1"))).map((cost) => Math.min(cost, DEAREST));
  const both = scores.map((score, i) => score - COST * costs[i] + DIGIT * numberOf(tried[i], "1").length + usual(tried[i]));
  const all = both.reduce(logSum);
  const shares_ = both.map((value) => Math.exp(value - all));
  const numbers = tried.map((string) => numberOf(string, "/"));
  const ofNumber = new Map();
  numbers.forEach((number, i) => ofNumber.set(number, (ofNumber.get(number) ?? 0) + shares_[i]));
  const [number] = [...ofNumber].reduce((best, each) => (each[1] > best[1] ? each : best));
  const best = argmax(shares_.map((value, i) => (numbers[i] === number ? value : -1)));
  const labels = tried[best];
  const view = likelyView(likely[best]);
  const string = stringOf(frames[view], labels, scores[best]);
  const digitsOf = (labels_) => labels_.filter((label) => label < 10);
  const byDigit = digitsOf(labels).map(() => Array(10).fill(0));
  tried.map(digitsOf).forEach((digits, i) => {
    if (digits.length === byDigit.length) digits.forEach((digit, at) => (byDigit[at][digit] += shares_[i]));
  });
  const rest = byDigit[Symbol.iterator]();
  const marks = string.marks.map((mark) => (mark.label < 10 ? { ...mark, shares: rest.next().value } : mark));
  const written = (labels_) => textOf(labels_).replaceAll("#", "");
  const alike = total(shares_.filter((_, i) => written(tried[i]) === written(labels)));
  const signs = 1 - alike / ofNumber.get(number);
  return { string: { ...string, marks }, view, agree: agreeing(paths, labels), second: number === second.number ? second.confidence : 0, signs };
}

/** Each list once, in the order in which they first come. */
const unique = (lists) => [...new Map(lists.map((list) => [list.join(), list])).values()];

/** The number of paths that are a string. */
const agreeing = (paths, labels) => paths.filter((path) => same(path, labels)).length;

/** The first view on which a string is as probable as on any. */
const likelyView = (scores) => scores.findIndex((one) => one >= largest(scores) - ALIKE);

/** The digits of a string, with its slashes as something else and without other signs. */
const numberOf = (labels, slash) =>
  labels.filter((label) => label < 10 || NAMES[label] === "/").map((label) => (label < 10 ? label : slash)).join("");

/** A string with its slashes as 1s, unless people write such numbers with slashes. */
const withOnes = (labels) => (slashed(labels) ? labels : labels.map((label) => (NAMES[label] === "/" ? 1 : label)));

/** Strings and, after them, the common fractions and dates that they are with one or two 1s as slashes. */
function withSlashes(strings_) {
  const ones = (labels) => [...labels.keys()].filter((i) => labels[i] === 1);
  return [...strings_, ...strings_.flatMap((labels) => ones(labels).flatMap((i) => slashings(labels, i)).filter(isUsual))];
}

/** A string with a slash at index i, and with another one for each other 1. */
function slashings(labels, i) {
  const at = NAMES.indexOf("/");
  const ones = [...labels.keys()].filter((j) => labels[j] === 1);
  return ones.map((j) => labels.map((label, k) => (k === i || k === j ? at : label)));
}

/** The gain of a string for being a common fraction or date, in nats. */
const usual = (labels) => (isUsual(labels) ? Math.log(USUAL) : 0);

/** Whether a string is a common fraction or a date. */
export const isUsual = (labels) => USUAL_FORMS.test(textOf(labels));

const textOf = (labels) => labels.map((label) => NAMES[label]).join("");

/** Whether people write all numbers with slashes in a string like that. */
function slashed(labels) {
  const numbers = textOf(labels).match(/[0-9/]+-?/g) ?? [];
  return numbers.filter((number) => number.includes("/")).every((number) => SLASHED.test(number));
}

/** Whether the 1 at index i may be a slash: people write the string with one there, or also in another 1. */
export const maybeSlash = (labels, i) => slashings(labels, i).some(slashed);

/** Whether the string is a common fraction or date with a slash for the 1 at index i, or also for another. */
export const oftenSlash = (labels, i) => slashings(labels, i).some(isUsual);

/** Whether any 1 of some digits may be a slash. */
export const maybeSlashed = (digits) => digits.some((digit, i) => digit === 1 && maybeSlash(digits, i));

/** Whether two lists have the same items. */
const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);

/** The order of Python's tuples. */
function order(a, b) {
  const i = a.findIndex((value, n) => value !== b[n]);
  return i < 0 ? a.length - b.length : (b[i] ?? -1) < a[i] ? 1 : -1;
}

/** The log probability of a string (CTC). */
function likelihood(frames, labels) {
  const { states, skips } = statesOf(labels);
  let score = states.map((state, i) => (i < 2 ? frames[0][state] : NOTHING));
  for (const frame of frames.slice(1)) {
    score = states.map((state, i) => logSum(logSum(score[i], score[i - 1] ?? NOTHING), skips[i] ? score[i - 2] : NOTHING) + frame[state]);
  }
  return logSum(score.at(-1), score.at(-2) ?? NOTHING);
}

/** The states of CTC, a label or a blank each, and to which of them the path may come past a blank. */
function statesOf(labels) {
  const states = [BLANK, ...labels.flatMap((label) => [label, BLANK])];
  return { states, skips: states.map((state, i) => i >= 2 && state !== BLANK && state !== states[i - 2]) };
}

/** Whether a string may be read: it starts with a label that can, and has the number of digits. */
function fits(labels, digits) {
  return !NEVER_FIRST.has(labels[0]) && (digits === null || labels.filter((label) => label < 10).length === digits);
}

/** The first string with the number of digits, or the first one. */
const bestOf = (found, digits) => found.find(({ labels }) => fits(labels, digits)) ?? found[0];

/** The string of these labels, with the place of each. */
function stringOf(frames, labels, score) {
  const spans = align(frames, labels);
  const marks = labels.map((label, i) => {
    const [first, last] = spans[i];
    const piece = frames.slice(first, last);
    const values = piece.map((frame) => frame[label]);
    const best = piece[argmax(values)];
    const most = largest(values);
    const weights = values.map((value) => Math.exp(value - most));
    const x = FRAME * (total(weights.map((weight, t) => weight * (first + t))) / total(weights) + 0.5);
    return { label, x, probabilities: shares(best.subarray(0, BLANK)) };
  });
  return { marks, probability: Math.exp(Math.min(score, 0)) };
}

/** Probabilities, sum 1, of log probabilities. */
function shares(values) {
  const most = largest(values);
  const p = values.map((value) => Math.exp(value - most));
  const sum = total(p);
  return p.map((value) => value / sum);
}

/**
 * The most probable strings and their log probabilities, the best first (prefix beam search).
 * Strings are nodes of a tree: each node has its last label and the node of the string before it.
 */
function search(frames) {
  let best = [{ node: { next: [] }, blank: 0, label: NOTHING }];
  for (const frame of frames) {
    if (frame[BLANK] > -0.002) { // nothing else is possible
      best = best.map(({ node, blank, label }) => ({ node, blank: logSum(blank, label) + frame[BLANK], label: NOTHING }));
      continue;
    }
    const candidates = [];
    for (let c = 0; c < BLANK; c++) if (frame[c] > PRUNED) candidates.push(c);
    const found = new Map();
    const add = (node, blank, label) => {
      const old = found.get(node);
      if (old) [old.blank, old.label] = [logSum(old.blank, blank), logSum(old.label, label)];
      else found.set(node, { node, blank: logSum(NOTHING, blank), label: logSum(NOTHING, label) });
    };
    for (const { node, blank, label } of best) {
      const both = logSum(blank, label);
      add(node, both + frame[BLANK], NOTHING);
      for (const c of candidates) {
        if (!node.before && NEVER_FIRST.has(c)) continue;
        const longer = (node.next[c] ??= { last: c, before: node, next: [] });
        if (node.last !== c) {
          add(longer, NOTHING, both + frame[c]);
          continue;
        }
        add(node, NOTHING, label + frame[c]);
        if (blank > NOTHING / 2) add(longer, NOTHING, blank + frame[c]); // two equal labels have a blank between them
      }
    }
    best = sorted([...found.values()]).slice(0, BEAM);
  }
  return sorted(best).map(({ node, score }) => ({ labels: labelsOf(node), score }));
}

function labelsOf(node) {
  const labels = [];
  for (; node.before; node = node.before) labels.push(node.last);
  return labels.reverse();
}

/** The best items first, each with its score. */
function sorted(items) {
  for (const item of items) item.score = logSum(item.blank, item.label);
  return items.sort((a, b) => b.score - a.score);
}

/** log(exp(a) + exp(b)), as NumPy's logaddexp. */
function logSum(a, b) {
  return a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/** The first frame of each label, and the one after its last (Viterbi 1967). */
function align(frames, labels) {
  if (!labels.length) return [];
  const { states, skips } = statesOf(labels);
  const n = states.length;
  let cost = states.map((state, i) => (i < 2 ? frames[0][state] : NOTHING));
  const back = [null]; // how many states each step comes from
  for (let t = 1; t < frames.length; t++) {
    const origins = states.map((_, i) => [cost[i], i >= 1 ? cost[i - 1] : NOTHING, skips[i] ? cost[i - 2] : NOTHING]);
    back.push(origins.map(argmax));
    cost = states.map((state, i) => origins[i][back[t][i]] + frames[t][state]);
  }
  let state = cost[n - 1] >= cost[n - 2] ? n - 1 : n - 2;
  const spans = labels.map(() => [Infinity, -Infinity]);
  for (let t = frames.length - 1; t >= 0; t--) {
    if (state % 2) {
      const span = spans[(state - 1) / 2];
      spans[(state - 1) / 2] = [Math.min(span[0], t), Math.max(span[1], t + 1)];
    }
    if (t) state -= back[t][state];
  }
  return spans;
}
