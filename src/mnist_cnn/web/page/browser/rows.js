/** Rows: which pieces of writing stand side by side, in which order, and where words end. A copy of read/rows.py. */

const STEEPEST = 27;
const LEVEL = 20;
const [WOBBLE, MOST] = [0.12, 0.4];
const [TIGHT, SPREAD] = [0.25, 0.6];
const [FIRST, FURTHER] = [1, 3];
const OVERLAP = 0.4;
const [RATIO, CENTRED] = [2, 0.25];
const ABOVE = 0.5;
const SAME = 1e-9;
const GAP = 0.05;
const [CLEAR, CLEAR_ALONE, TIMES] = [0.6, 0.75, 2.2];
const [MANY, TIMES_MANY] = [5, 1.6];
const LONE = 3;
const [SPACE, WIDER] = [1.2, 2];

const sum = (numbers) => numbers.reduce((all, number) => all + number, 0);

/** The first difference between two lists of numbers. */
const compare = (a, b) => a.map((value, i) => value - b[i]).find((difference) => difference) ?? 0;

/**
 * The rows from the top down, each the indices of its pieces from left to right.
 * pieces: of each the boxes, and whether it is a number.
 */
export function rows(pieces) {
  const slope = slopeOf(pieces.filter(({ number }) => number).map(({ boxes }) => boxes));
  const found = pieces.map(({ boxes, number }) => bandOf(boxes, number, slope));
  const place = ({ top, left, bottom, right, number }) => [top, left, bottom, right, number];
  const order = found.map((_, i) => i).sort((i, j) => compare(place(found[i]), place(found[j])));
  const bands = order.map((i) => found[i]);
  const row = bands.map((_, i) => [i]);
  for (const [, , n, m] of links(bands).sort(compare)) {
    const [one, other] = [row[n], row[m]];
    if (one === other || one.some((i) => other.some((j) => apart(bands[i], bands[j])))) continue;
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
  let space = digits.length ? (SPACE * sum(digits.map(({ height }) => height))) / digits.length : 0;
  if (gaps.length > 1) space = Math.max(space, WIDER * Math.min(...gaps));
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
export function parted(page) {
  const gaps = page.map((row) => {
    const height = row.map((box) => box.height).sort((a, b) => a - b)[row.length >> 1];
    return row.slice(1).map((right, i) => Math.max((right.x - row[i].x - row[i].width) / height, 0.05));
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
  const least = rows > 1 ? CLEAR : CLEAR_ALONE;
  let cells = false;
  for (let i = 1; i < gaps.length && !cells; i++) {
    const [narrow, wide] = [gaps[i - 1], gaps[i]];
    if (!(wide >= least && wide > TIMES * narrow && narrow < SPACE)) continue;
    cells = narrow > CLEAR && rows >= LONE;
    if (!cells) return (narrow + wide) / 2;
  }
  if (!cells) {
    let [times, best] = [0, 0];
    for (let i = MANY; i <= gaps.length - MANY; i++) {
      const clear = gaps[Math.floor((i + gaps.length) / 2)] >= least; // the median of the wider gaps
      if (clear && gaps[i] / gaps[i - 1] >= times) [times, best] = [gaps[i] / gaps[i - 1], i];
    }
    if (times > TIMES_MANY && gaps[best - 1] < SPACE) return (gaps[best - 1] + gaps[best]) / 2;
  }
  if (rows >= LONE && gaps.length && gaps[0] > CLEAR && gaps.at(-1) > TIMES * gaps[0]) return 0;
  return gaps.length > 1 ? Math.max(SPACE, WIDER * gaps[0]) : SPACE;
}

/** Pairs of possible neighbours, at least one of them a number; bands are sorted by their tops. */
function links(bands) {
  return bands.flatMap((band, n) => {
    const found = [];
    for (let m = n + 1; m < bands.length && bands[m].top < band.bottom; m++) {
      if ((band.number || bands[m].number) && together(band, bands[m])) found.push([...distance(band, bands[m]), n, m]);
    }
    return found;
  });
}

/** A row from left to right; what stands before its first number and after its last is a row of its own each. */
function trimmed(some, bands) {
  const row = [...some].sort((i, j) => compare([bands[i].left, i], [bands[j].left, j]));
  const numbers = row.flatMap((i, n) => (bands[i].number ? [n] : []));
  if (!numbers.length) return row.map((i) => [i]);
  const [first, last] = [numbers[0], numbers.at(-1) + 1];
  return [row.slice(first, last), ...[...row.slice(0, first), ...row.slice(last)].map((i) => [i])];
}

function bandOf(boxes, number, slope) {
  const top = sum(boxes.map(({ x, y, width }) => y - slope * (x + width / 2))) / boxes.length;
  const height = sum(boxes.map((box) => box.height)) / boxes.length;
  const [left, right] = [Math.min(...boxes.map(({ x }) => x)), Math.max(...boxes.map(({ x, width }) => x + width))];
  const bottom = top + height;
  return { left, right, top, bottom, height: bottom - top, middle: (top + bottom) / 2, number };
}

/** Whether two pieces can be neighbours in a row. */
function together(a, b) {
  const overlap = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  const [lower, higher] = [Math.min(a.height, b.height), Math.max(a.height, b.height)];
  if (overlap < OVERLAP * lower || apart(a, b)) return false;
  return higher <= RATIO * lower || Math.abs(a.middle - b.middle) < CENTRED * higher;
}

/** Whether two pieces cannot be in one row. */
function apart(a, b) {
  const shared = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  return shared > ABOVE * Math.min(a.right - a.left, b.right - b.left) || a.top >= b.bottom || b.top >= a.bottom;
}

/** Between possible neighbours; pairs of numbers come first. */
function distance(a, b) {
  const gap = Math.max(a.left, b.left) - Math.min(a.right, b.right);
  const away = Math.abs(a.middle - b.middle) + GAP * Math.max(gap, 0);
  return [Number(!(a.number && b.number)), away / Math.min(a.height, b.height)];
}

/** The tilt of the page, as pixels down per pixel to the right: the most probable one of those up to 15 degrees. */
function slopeOf(pieces) {
  let [best, most] = [0, 0];
  if (pieces.length < 2) return best;
  for (let step = 0; step <= STEEPEST; step++) {
    for (const slope of [step / 100, -step / 100]) {
      const gain = alignment(pieces, slope) - LEVEL * Math.abs(slope) - bend(pieces, slope);
      if (step === 0 || gain > most + SAME) [best, most] = [slope, gain];
    }
  }
  return best;
}

/** How far the digits within pieces are from level, in nats. */
function bend(pieces, slope) {
  return sum(pieces.map((boxes) => {
    const unit = sum(boxes.map((box) => box.height)) / boxes.length;
    const middles = boxes.map(({ x, y, width, height }) => (y + height / 2 - slope * (x + width / 2)) / unit);
    const mean = sum(middles) / middles.length;
    return sum(middles.map((middle) => Math.min(Math.abs(middle - mean), MOST) ** 2)) / (2 * WOBBLE ** 2);
  }));
}

/** How well the pieces of the fullest row lie side by side, in nats. */
function alignment(pieces, slope) {
  const bands = pieces.map((boxes) => bandOf(boxes, true, slope)).sort((a, b) => compare([a.middle, a.height], [b.middle, b.height]));
  let [most, joined, start] = [0, 0, bands[0]?.middle];
  for (let i = 1; i < bands.length; i++) {
    const [one, other] = [bands[i - 1], bands[i]];
    const unit = Math.min(one.height, other.height);
    const near = Math.max(0, 1 - (other.middle - one.middle) / (TIGHT * unit));
    if (near === 0 || other.middle - start > SPREAD * unit) [joined, start] = [0, other.middle];
    else joined += near;
    most = Math.max(most, joined);
  }
  return FIRST * Math.min(most, 1) + FURTHER * Math.max(most - 1, 0);
}
