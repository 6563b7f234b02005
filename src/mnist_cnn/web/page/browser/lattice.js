/** Lattice: the pieces between the cuts of a line, and the cost of each as a digit or not. A copy of read/lattice.py. */

import {
  CROSSED_COST, DROPPED_COST, LOW_COST, LOW_HEIGHT, LOW_RAMP, PIECE_FLOOR, PIECE_GAIN, SKIP_COST, SKIP_FLOOR,
  SKIP_TALL_COST, SKIP_TALL_HEIGHT, SKIP_TALL_RAMP, SKIP_WIDE_RAMP, SKIP_WIDE_TIMES, SKIP_WIDE_WIDTH,
} from "./constants.js";
import { HEIGHT } from "./lines.js";
import { clip, smallest, total } from "./vision.js";

/** The pieces that start at each cut, with their costs, and whether nothing is between a cut and the next one. */
export function latticeOf(places, found, probabilities) {
  const starting = places.map(() => []);
  found.forEach((piece, i) => {
    const crossed = CROSSED_COST * places[piece.last].crossed;
    starting[piece.first].push({ i, last: piece.last, crossed, ...prices(piece, probabilities[i]) });
  });
  return { starting, empty: starting.map((some, cut) => !some.some(({ last }) => last === cut + 1)) };
}

/** The costs of reading a piece as each digit, and as not a digit. */
function prices({ ink, dropped }, probabilities) {
  const [height, width] = [ink.height / HEIGHT, ink.width / HEIGHT];
  const noDigit = 1 - total(probabilities);
  const wide = clip((width - SKIP_WIDE_WIDTH) / SKIP_WIDE_RAMP, 0, 1);
  const tall = clip((height - SKIP_TALL_HEIGHT) / SKIP_TALL_RAMP, 0, 1) * (1 + SKIP_WIDE_TIMES * wide);
  const low = clip((LOW_HEIGHT - height) / LOW_RAMP, 0, 1);
  const ofAny = -PIECE_GAIN + LOW_COST * low + DROPPED_COST * dropped;
  return {
    asDigit: Array.from(probabilities, (p) => ofAny - Math.log(Math.max(p, PIECE_FLOOR))),
    asMark: SKIP_COST - Math.log(clip(noDigit, SKIP_FLOOR, 1)) + SKIP_TALL_COST * tall,
  };
}

/**
 * The best paths from the first cut to the last, {cost in nats, path} each (Viterbi 1967): indices of pieces, and
 * whether each is a digit. The keys are the numbers of digits if they are counted; otherwise the best path has the key 0.
 */
export function bestPaths({ starting, empty }, counted) {
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
      for (const { i, last, asDigit, asMark, crossed } of starting[cut]) {
        step(last, counted ? count + 1 : 0, cost + smallest(asDigit) + crossed, { cut, count, i, isDigit: true });
        step(last, count, cost + asMark + crossed, { cut, count, i, isDigit: false });
      }
    }
  }
  return new Map([...costs[ends]].map(([sum, { cost, origin }]) => {
    const path = [];
    for (let at = origin; at; at = costs[at.cut].get(at.count).origin) if (at.i !== undefined) path.unshift(at);
    return [sum, { cost, path }];
  }));
}

/** The cost of the best path that reads a number on the lines of a row, Infinity if there is none (Viterbi 1967). */
export function costOf(lattices, number) {
  let cost = [0, ...Array(number.length).fill(Infinity)]; // by how many of its digits are read so far
  for (const { starting, empty } of lattices) {
    const at = starting.map(() => cost.map(() => Infinity));
    at[0] = cost;
    for (let cut = 0; cut < starting.length - 1; cut++) {
      const step = (to, n, price) => (at[to][n] = Math.min(at[to][n], price));
      at[cut].forEach((before, n) => {
        if (empty[cut]) step(cut + 1, n, before);
        for (const { last, asDigit, asMark, crossed } of starting[cut]) {
          step(last, n, before + asMark + crossed);
          if (n < number.length) step(last, n + 1, before + asDigit[number[n]] + crossed);
        }
      });
    }
    cost = at.at(-1);
  }
  return cost.at(-1);
}
