/** Rows: pieces of writing that stand side by side, from left to right, and where words end. A copy of read/rows.py. */

import {
  CELL_ROWS, ROW_ABOVE, ROW_CENTRED, ROW_GAIN_FURTHER, ROW_GAIN_SECOND, ROW_GAP_WEIGHT, ROW_HEIGHT_RATIO, ROW_OVERLAP,
  ROW_SPREAD, ROW_STEEPEST, ROW_TIGHT, ROW_TILT_COST, ROW_TILT_TIE, ROW_WOBBLE, ROW_WOBBLE_LIMIT, SPACE_CLEAR,
  SPACE_CLEAR_ALONE, SPACE_LEAST_GAP, SPACE_MANY, SPACE_TIMES, SPACE_TIMES_MANY, SPACE_WIDE, SPACE_WIDER,
} from "./constants.js";

const sum = (numbers) => numbers.reduce((all, number) => all + number, 0);

/** The first difference between two lists of numbers. */
const compare = (a, b) => a.map((value, i) => value - b[i]).find((difference) => difference) ?? 0;

/**
 * The rows from the top down, each the indices of its pieces from left to right.
 * pieces: of each {boxes, number}: its boxes, at least one, and whether it is a number.
 */
export function rows(pieces) {
  const slope = slopeOf(pieces.filter(({ number }) => number).map(({ boxes }) => boxes));
  const found = pieces.map(({ boxes, number }) => bandOf(boxes, number, slope));
  const place = ({ top, left, bottom, right, number }) => [top, left, bottom, right, number];
  const order = found.map((_, i) => i).sort((i, j) => compare(place(found[i]), place(found[j])));
  const bands = order.map((i) => found[i]);
  const row = bands.map((_, i) => [i]);
  for (const [, , n, m] of neighbours(bands).sort(compare)) {
    const [one, other] = [row[n], row[m]];
    if (one === other || one.some((i) => other.some((j) => areApart(bands[i], bands[j])))) continue;
    const both = bands[n].number && bands[m].number;
    if (!both && [one, other].every((part) => part.some((i) => bands[i].number))) continue;
    one.push(...other);
    for (const i of other) row[i] = one;
  }
  const parts = row.filter((one, n) => one[0] === n).flatMap((one) => trimmed(one, bands));
  return parts.sort((a, b) => Math.min(...a) - Math.min(...b)).map((one) => one.map((i) => order[i]));
}

/**
 * The words of a row from left to right, each the indices of its pieces.
 * pieces: of each the boxes of its digits, at least one, from left to right.
 */
export function words(pieces) {
  const digits = pieces.flat();
  const gaps = digits.slice(1).map((right, i) => right.x - digits[i].x - digits[i].width);
  let space = digits.length ? (SPACE_WIDE * sum(digits.map(({ height }) => height))) / digits.length : 0;
  if (gaps.length > 1) space = Math.max(space, SPACE_WIDER * Math.min(...gaps));
  const found = [];
  let end = 0;
  pieces.forEach((boxes, i) => {
    if (i === 0 || gaps[end - 1] > space) found.push([]);
    found.at(-1).push(i);
    end += boxes.length;
  });
  return found;
}

/**
 * The words of each row of a page, each the indices of its glyphs from left to right.
 * page: the boxes of the glyphs of each row, from left to right, all as high as a digit.
 */
export function wordsOfPage(page) {
  const gaps = page.map((row) => {
    const height = row.map((box) => box.height).sort((a, b) => a - b)[row.length >> 1];
    return row.slice(1).map((right, i) => Math.max((right.x - row[i].x - row[i].width) / height, SPACE_LEAST_GAP));
  });
  const space = spaceOf(gaps.flat().sort((a, b) => a - b), page.length);
  return page.map((row, n) => {
    const words = row.length ? [[0]] : [];
    gaps[n].forEach((gap, i) => {
      if (gap > space) words.push([]);
      words.at(-1).push(i + 1);
    });
    return words;
  });
}

/** The gap, in digit heights, above which two glyphs are two words. gaps: those of a page, sorted. */
function spaceOf(gaps, rows) {
  const least = rows > 1 ? SPACE_CLEAR : SPACE_CLEAR_ALONE;
  let cells = false;
  for (let i = 1; i < gaps.length && !cells; i++) {
    const [narrow, wide] = [gaps[i - 1], gaps[i]];
    if (!(wide >= least && wide > SPACE_TIMES * narrow && narrow < SPACE_WIDE)) continue;
    cells = narrow > SPACE_CLEAR && rows >= CELL_ROWS;
    if (!cells) return (narrow + wide) / 2;
  }
  if (!cells) {
    let [times, best] = [0, 0];
    for (let i = SPACE_MANY; i <= gaps.length - SPACE_MANY; i++) {
      const clear = gaps[Math.floor((i + gaps.length) / 2)] >= least; // the median of the wider gaps
      if (clear && gaps[i] / gaps[i - 1] >= times) [times, best] = [gaps[i] / gaps[i - 1], i];
    }
    if (times > SPACE_TIMES_MANY && gaps[best - 1] < SPACE_WIDE) return (gaps[best - 1] + gaps[best]) / 2;
  }
  if (rows >= CELL_ROWS && gaps.length && gaps[0] > SPACE_CLEAR && gaps.at(-1) > SPACE_TIMES * gaps[0]) return 0;
  return gaps.length > 1 ? Math.max(SPACE_WIDE, SPACE_WIDER * gaps[0]) : SPACE_WIDE;
}

/** The distance and the indices of pairs of possible neighbours, at least one of them a number. bands: sorted by their tops. */
function neighbours(bands) {
  return bands.flatMap((band, n) => {
    const found = [];
    for (let m = n + 1; m < bands.length && bands[m].top < band.bottom; m++) {
      if ((band.number || bands[m].number) && canBeNeighbours(band, bands[m])) found.push([...distance(band, bands[m]), n, m]);
    }
    return found;
  });
}

/** A row from left to right. Each piece before its first or after its last number is a row of its own. */
function trimmed(some, bands) {
  const row = [...some].sort((i, j) => compare([bands[i].left, i], [bands[j].left, j]));
  const numbers = row.flatMap((i, n) => (bands[i].number ? [n] : []));
  if (!numbers.length) return row.map((i) => [i]);
  const [first, last] = [numbers[0], numbers.at(-1) + 1];
  return [row.slice(first, last), ...[...row.slice(0, first), ...row.slice(last)].map((i) => [i])];
}

/** The place of a piece on the level page. */
function bandOf(boxes, number, slope) {
  const top = sum(boxes.map(({ x, y, width }) => y - slope * (x + width / 2))) / boxes.length;
  const height = sum(boxes.map((box) => box.height)) / boxes.length;
  const [left, right] = [Math.min(...boxes.map(({ x }) => x)), Math.max(...boxes.map(({ x, width }) => x + width))];
  const bottom = top + height;
  return { left, right, top, bottom, height: bottom - top, middle: (top + bottom) / 2, number };
}

/** Whether two pieces can be neighbours in a row. */
function canBeNeighbours(a, b) {
  const overlap = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  const [lower, higher] = [Math.min(a.height, b.height), Math.max(a.height, b.height)];
  if (overlap < ROW_OVERLAP * lower || areApart(a, b)) return false;
  return higher <= ROW_HEIGHT_RATIO * lower || Math.abs(a.middle - b.middle) < ROW_CENTRED * higher;
}

/** Whether two pieces cannot be in one row. */
function areApart(a, b) {
  const shared = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  return shared > ROW_ABOVE * Math.min(a.right - a.left, b.right - b.left) || a.top >= b.bottom || b.top >= a.bottom;
}

/** The distance between possible neighbours, in heights. Pairs of numbers come first. */
function distance(a, b) {
  const gap = Math.max(a.left, b.left) - Math.min(a.right, b.right);
  const away = Math.abs(a.middle - b.middle) + ROW_GAP_WEIGHT * Math.max(gap, 0);
  return [Number(!(a.number && b.number)), away / Math.min(a.height, b.height)];
}

/** The most probable tilt of the page up to 15 degrees, in pixels down per pixel to the right. */
function slopeOf(pieces) {
  let [best, most] = [0, 0];
  if (pieces.length < 2) return best;
  for (let step = 0; step <= ROW_STEEPEST; step++) {
    for (const slope of [step / 100, -step / 100]) {
      const gain = alignment(pieces, slope) - ROW_TILT_COST * Math.abs(slope) - bend(pieces, slope);
      if (step === 0 || gain > most + ROW_TILT_TIE) [best, most] = [slope, gain];
    }
  }
  return best;
}

/** The cost of the digits within pieces that are not level, in nats. */
function bend(pieces, slope) {
  return sum(pieces.map((boxes) => {
    const unit = sum(boxes.map((box) => box.height)) / boxes.length;
    const middles = boxes.map(({ x, y, width, height }) => (y + height / 2 - slope * (x + width / 2)) / unit);
    const mean = sum(middles) / middles.length;
    return sum(middles.map((middle) => Math.min(Math.abs(middle - mean), ROW_WOBBLE_LIMIT) ** 2)) / (2 * ROW_WOBBLE ** 2);
  }));
}

/** The gain of the pieces of the fullest row that are side by side, in nats. */
function alignment(pieces, slope) {
  const bands = pieces.map((boxes) => bandOf(boxes, true, slope)).sort((a, b) => compare([a.middle, a.height], [b.middle, b.height]));
  let [most, joined, start] = [0, 0, bands[0]?.middle];
  for (let i = 1; i < bands.length; i++) {
    const [one, other] = [bands[i - 1], bands[i]];
    const unit = Math.min(one.height, other.height);
    const near = Math.max(0, 1 - (other.middle - one.middle) / (ROW_TIGHT * unit));
    if (near === 0 || other.middle - start > ROW_SPREAD * unit) [joined, start] = [0, other.middle];
    else joined += near;
    most = Math.max(most, joined);
  }
  return ROW_GAIN_SECOND * Math.min(most, 1) + ROW_GAIN_FURTHER * Math.max(most - 1, 0);
}
