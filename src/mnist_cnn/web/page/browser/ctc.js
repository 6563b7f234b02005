/** CTC: the strings that log probabilities stand for, and where their marks are. A copy of read/ctc.py. */

import { BEAM_BLANK, BEAM_LABEL, BEAM_WIDTH } from "./constants.js";
import { BLANK, NEVER_FIRST } from "./labels.js";
import { argmax, largest, total } from "./vision.js";

export const FRAME = 2;
const IMPOSSIBLE = -1e9;

/** The frames of log probabilities, a Float32Array (t, 22): a Float32Array of 22 each. */
export const framesIn = (data) => Array.from({ length: data.length / (BLANK + 1) }, (_, t) => data.subarray(t * (BLANK + 1), (t + 1) * (BLANK + 1)));

/** The most probable string of log probabilities, a Float32Array (t, 22), and the places of its marks. */
export function decode(data, digits = null) {
  const frames = framesIn(data);
  const { labels, score } = firstThatFits(search(frames), digits);
  return located(frames, labels, score);
}

/** The most probable label of each frame of a Float32Array (t, 22), without repeats and blanks. */
export function bestPath(data) {
  const labels = [];
  let before = -1;
  for (let t = 0; t < data.length; t += BLANK + 1) {
    const best = argmax(data.subarray(t, t + BLANK + 1));
    if (best !== before && best !== BLANK) labels.push(best);
    before = best;
  }
  return labels;
}

/** Whether a string is possible: its first label can be the first, and it has the number of digits. */
export function fits(labels, digits) {
  return !NEVER_FIRST.has(labels[0]) && (digits === null || labels.filter((label) => label < 10).length === digits);
}

/** The first string with the number of digits, or the first one if there is none. */
export const firstThatFits = (found, digits) => found.find(({ labels }) => fits(labels, digits)) ?? found[0];

/**
 * The most probable strings and their log probabilities, the best first (prefix beam search).
 * Strings are nodes of a tree: each node has its last label and the node of the string before it.
 */
export function search(frames) {
  let best = [{ node: { next: [] }, blank: 0, label: IMPOSSIBLE }];
  for (const frame of frames) {
    if (frame[BLANK] > BEAM_BLANK) { // nothing else is possible
      best = best.map(({ node, blank, label }) => ({ node, blank: logSum(blank, label) + frame[BLANK], label: IMPOSSIBLE }));
      continue;
    }
    const candidates = [];
    for (let c = 0; c < BLANK; c++) if (frame[c] > BEAM_LABEL) candidates.push(c);
    const found = new Map();
    const add = (node, blank, label) => {
      const old = found.get(node);
      if (old) [old.blank, old.label] = [logSum(old.blank, blank), logSum(old.label, label)];
      else found.set(node, { node, blank: logSum(IMPOSSIBLE, blank), label: logSum(IMPOSSIBLE, label) });
    };
    for (const { node, blank, label } of best) {
      const both = logSum(blank, label);
      add(node, both + frame[BLANK], IMPOSSIBLE);
      for (const c of candidates) {
        if (!node.before && NEVER_FIRST.has(c)) continue;
        const longer = (node.next[c] ??= { last: c, before: node, next: [] });
        if (node.last !== c) {
          add(longer, IMPOSSIBLE, both + frame[c]);
          continue;
        }
        add(node, IMPOSSIBLE, label + frame[c]);
        if (blank > IMPOSSIBLE / 2) add(longer, IMPOSSIBLE, blank + frame[c]); // two equal labels have a blank between them
      }
    }
    best = sorted([...found.values()]).slice(0, BEAM_WIDTH);
  }
  return sorted(best).map(({ node, score }) => ({ labels: labelsOf(node), score }));
}

/** The labels of a node. */
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
export function logSum(a, b) {
  return a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/** The log probability of a string (CTC). */
export function likelihood(frames, labels) {
  const { states, skips } = statesOf(labels);
  let score = states.map((state, i) => (i < 2 ? frames[0][state] : IMPOSSIBLE));
  for (const frame of frames.slice(1)) {
    score = states.map((state, i) => logSum(logSum(score[i], score[i - 1] ?? IMPOSSIBLE), skips[i] ? score[i - 2] : IMPOSSIBLE) + frame[state]);
  }
  return logSum(score.at(-1), score.at(-2) ?? IMPOSSIBLE);
}

/** The states of CTC, a label or a blank each, and which of them a path can reach without the blank. */
function statesOf(labels) {
  const states = [BLANK, ...labels.flatMap((label) => [label, BLANK])];
  return { states, skips: states.map((state, i) => i >= 2 && state !== BLANK && state !== states[i - 2]) };
}

/** The string with these labels and this log probability, with the place of each mark. */
export function located(frames, labels, score) {
  const spans = spansOf(frames, labels);
  const marks = labels.map((label, i) => {
    const [first, last] = spans[i];
    const piece = frames.slice(first, last);
    const values = piece.map((frame) => frame[label]);
    const best = piece[argmax(values)];
    const most = largest(values);
    const weights = values.map((value) => Math.exp(value - most));
    const x = FRAME * (total(weights.map((weight, t) => weight * (first + t))) / total(weights) + 0.5);
    return { label, x, probabilities: probabilitiesOf(best.subarray(0, BLANK)) };
  });
  return { marks, probability: Math.exp(Math.min(score, 0)) };
}

/** Probabilities, sum 1, of log probabilities. */
function probabilitiesOf(values) {
  const most = largest(values);
  const p = values.map((value) => Math.exp(value - most));
  const sum = total(p);
  return p.map((value) => value / sum);
}

/** For each label its first frame, and the frame after its last one (Viterbi 1967). */
function spansOf(frames, labels) {
  if (!labels.length) return [];
  const { states, skips } = statesOf(labels);
  const n = states.length;
  let cost = states.map((state, i) => (i < 2 ? frames[0][state] : IMPOSSIBLE));
  const back = [null]; // how many states each step comes from
  for (let t = 1; t < frames.length; t++) {
    const origins = states.map((_, i) => [cost[i], i >= 1 ? cost[i - 1] : IMPOSSIBLE, skips[i] ? cost[i - 2] : IMPOSSIBLE]);
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
