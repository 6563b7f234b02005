/** Page: the rows of words on a grey picture, found and read by the two page networks. A copy of read/page.py. */

import { argmax, argmin, clip, largest, median, smallest, total } from "./vision.js";
import { DIGIT, OTHER, SIGN, glyphs } from "./finder.js";
import * as layout from "./rows.js";
import { runs, slope } from "./runs.js";
import { NAMES, isUsual, maybeSlash, oftenSlash, readViews, strings } from "./strings.js";
import { DIGIT as TALL, ROOM, ROWS, band, cut, scaleOf, view } from "./strips.js";
import { content, tiles } from "./tiles.js";

const SURE = 0.4;
const FAINT = 0.33;
const BEYOND = 0.6;
const RUNS = 300;
const CLASSIFIER = 0.75;
const BESIDE = 0.5;
const TURNED_RUNS = 40;
const TURNED = 1.5;
const [LIKELY, DOUBTFUL] = [0.6, 0.3];
export const AGREED = 0.88;
export const UNSURE = "unsure";
const CLOSE_UP = 200;
const VIEWS = [0.88, 1.14];
const LINE = 3;
const SMALL = 0.55;
const AS_TALL = 0.7;
const SLASH = NAMES.indexOf("/");
const [MIXED, MIXED_OFTEN] = [0.01, 0.003];
const MIXED_SIGNS = 0.2;
const [LETTERS, SHORT] = [3, 2];
const [LOST, SURE_OF_OTHER] = [0.6, 0.5];
const LEVEL = 0.4;
const SURELY = 0.003;
const OWN = 0.01;
const SIGN_OF_DIGIT = Math.fround(0.1);
const UNREAD = NAMES.length - 1;
export const ACCEPTED = 0.93;
const ACCEPTED_DIGIT = 0.6;
const FEATURES = ["bias", "string", "digit", "classifier", "other", "unseen", "missed", "heat", "disagree", "strokes", "second"];
const [ONCE, TWICE, ALONE] = [0, 1, 2];
const WEIGHTS = [
  [3.88, 0.68, 2.23, 0.13, 0.73, 0.14, 0.13, 2.53, -0.63, -0.55, 0],
  [3.59, 0.24, 1.08, 0.2, -0.04, -0.8, -0.09, 0.85, -0.93, 0.93, 0.21],
  [0.54, 3.06, 0, 0, 0, 0, 0, 0, 0, 0, 0.66],
];
const DASHES = "-+x÷=";

/** networks: {finder, strings, classify}, functions that run them. */
export class Page {
  #networks;

  constructor(networks) {
    this.#networks = networks;
  }

  /**
   * The rows from the top down, the places of other writing, and why not all of the page was read.
   * digits: their number in each row, if it is known. threshold: confidence below which a word is not accepted.
   * scale: pixels of the boxes per pixel of the picture.
   */
  async read(gray, { digits = null, threshold, scale = 1 } = {}) {
    return pageOf(await this.find(gray, digits, scale), digits, threshold);
  }

  /**
   * What is read on a page with one row, with what a second reader makes of that row: {number, confidence, costs}.
   * page: as it was read before. If the row has a slash nothing changes: the second reader knows none.
   */
  async again(gray, page, second, { digits = null, threshold, scale = 1 } = {}) {
    if (page.rows[0].words.some(({ glyphs }) => glyphs.some(({ sign }) => sign === "/"))) return page;
    const run = page.runs[0].flat();
    const again = await this.#find(gray, run, [run], digits, scale, second);
    return pageOf({ ...again, others: page.others, reason: page.reason, lost: page.lost, seen: page.seen, foundDigits: page.foundDigits }, digits, threshold);
  }

  /** The words of each row with their features, the runs of each row, and the places of other writing. */
  async find(gray, digits = null, scale = 1) {
    const hot = (await glyphs(gray, this.#networks.finder)).filter(({ heat }) => heat > SURE);
    const seen = withTallSignsAsDigits(withoutFaint(gray, hot));
    const foundDigits = seen.some(({ kind }) => kind === OTHER) ? -1 : digitsOf(seen).length;
    const found = await this.#find(gray, seen, runs(seen, slope(seen)).map((run) => run.map((i) => seen[i])), digits, scale);
    const box = Math.max(gray.width, gray.height) > CLOSE_UP ? null : content(gray);
    if (!box) return { ...found, seen, foundDigits };
    const all = [{ ...box, kind: DIGIT, heat: SURE }];
    const whole = await this.#find(gray, all, [all], digits, scale);
    return { ...(belief(whole.found) > belief(found.found) ? whole : found), seen, foundDigits };
  }

  /** What `find` returns, from the glyphs on the picture and those of each run. second: of the only run. */
  async #find(gray, seen, found, digits, scale, second = null) {
    const tilt = slope(seen);
    const runsFound = hottest(found);
    const reason = runsFound.length <= RUNS ? null : `only ${RUNS} of ${runsFound.length} pieces of writing were read`;
    const options = { digits: second && digits, whole: isLine(gray, runsFound), second };
    const all = await this.#runs(gray, runsFound.slice(0, RUNS), tilt, options);
    const hasDigits = ({ marks }) => marks.some(isNumeral);
    const read = all.filter(hasDigits);
    const places = read.map(({ marks }) => ({ boxes: marks.filter(isNumeral).map((m) => boxOf(m.box, 1)), number: true }));
    const order = layout.rows(places);
    if (digits !== null && !second) {
      const alone = order.filter((row) => row.length === 1 && read[row[0]].marks.filter(isNumeral).length !== digits).map(([i]) => i);
      const again = await this.#runs(gray, alone.map((i) => read[i].run), tilt, { digits });
      alone.forEach((i, n) => {
        if (hasDigits(again[n])) read[i] = again[n];
      });
    }
    const known = await this.#classified(gray, read);
    const rows = order.map((row) =>
      row
        .flatMap((i) => read[i].marks.map((mark, k) => ({ mark, known: known[i][k], run: read[i] })))
        .sort((a, b) => a.mark.box.left + a.mark.box.right - (b.mark.box.left + b.mark.box.right)),
    );
    const allWords = wordsOf(rows, seen, scale);
    const unread = seen.filter(({ kind }) => kind === OTHER).map((glyph) => ({ ...glyph, kind: DIGIT }));
    const others = [
      ...read.flatMap(({ marks }) => marks.filter(({ label }) => label === UNREAD).map((m) => boxOf(m.box, scale))),
      ...all.filter((each) => !hasDigits(each)).map(({ run }) => around(run.map((glyph) => boxOf(glyph, scale)))),
      ...runs(unread, tilt).map((run) => around(run.map((i) => boxOf(unread[i], scale)))),
    ];
    const { words, letters } = withoutLetters(allWords, others, tilt);
    others.push(...letters);
    const surest = (row) => largest(row.map(confidenceOf), 0);
    const likely = largest(words.map(surest), 0) >= LIKELY;
    const kept = words.map((row) => row.length > 0 && !(likely && surest(row) < DOUBTFUL));
    words.forEach((row, i) => {
      if (!kept[i]) others.push(...row.map(({ glyphs }) => around(glyphs.map(({ box }) => box))));
    });
    const runsOf = order.map((row) => row.map((i) => read[i].run));
    const rowsKept = words.filter((_, i) => kept[i]);
    const unreadRuns = all.filter((each) => !hasDigits(each) && mayBeDigits(each));
    const pieces = unreadRuns.map(({ run }) => around(run.map((glyph) => boxOf(glyph, scale))));
    const lost = lostIn(rowsKept, pieces, others, tilt);
    return { found: rowsKept, runs: runsOf.filter((_, i) => kept[i]), others, reason, lost };
  }

  /** By how many degrees a picture should be turned clockwise to be upright: 0, 90, 180 or 270. glyphs_: those on it. */
  async turn(gray, glyphs_) {
    let seen = glyphs_.map((glyph) => ({ ...glyph, kind: DIGIT }));
    const scores = [];
    for (let quarter = 0; quarter < 4; quarter++) {
      if (quarter) {
        gray = gray.turned();
        const high = gray.width;
        seen = seen.map((g) => ({ ...g, left: high - g.bottom, top: g.left, right: high - g.top, bottom: g.right }));
      }
      const tilt = slope(seen);
      const found = hottest(runs(seen, tilt).map((run) => run.map((i) => seen[i]))).slice(0, TURNED_RUNS);
      const cuts = found.map((run) => cut(gray, band(run, tilt)));
      const read = await strings(cuts, this.#networks.strings);
      const sure = ({ marks }) => total(marks.filter(isNumeral).map((m) => m.probabilities[m.label]));
      scores.push(total(read.map((string) => string.probability * sure(string))));
      if (TURNED * scores[0] + 1 >= seen.length) return 0; // no direction has more digits than glyphs
    }
    const best = argmax(scores);
    return scores[best] > TURNED * scores[0] + 1 ? 90 * best : 0;
  }

  /**
   * What was read on each run. Runs that are parts of others are left out, unless the number of digits is known.
   * found: the glyphs of each run. whole: their strips go from the left to the right edge of the picture.
   * second: what a second reader makes of the first run.
   */
  async #runs(gray, found, tilt, { digits = null, whole = false, second = null }) {
    const run = this.#networks.strings;
    const views = found.map((glyphs) => {
      const usual = band(bounds(glyphs, whole ? gray.width : null), tilt);
      return [usual, ...VIEWS.map((by) => view(usual, by))];
    });
    const seen = await readViews(views.map((some) => some.map((strip) => cut(gray, strip))), run, { digits, second });
    let parts = found.map((glyphs, i) => ({ ...seen[i], run: glyphs, strip: views[i][seen[i].view] }));
    if (digits === null) parts = outer(parts);
    return parts.map((part) => {
      const others = parts.filter((other) => other !== part).flatMap((other) => other.run);
      return { ...part, ...marksOf(part.run, part.strip, part.string, others) };
    });
  }

  /** For each mark of each run {tile, dotted, probabilities}; null for marks that are not digits. */
  async #classified(gray, read) {
    const cuts = read.map(({ strip, marks }) => tiles(gray, strip, marks.map(({ box }) => box), marks.map(isNumeral)));
    const flat = cuts.flat().filter(Boolean).map(({ image }) => image);
    const answers = (flat.length ? await this.#networks.classify(flat) : [])[Symbol.iterator]();
    return cuts.map((run) => run.map((tile) => tile && { tile: tile.image, dotted: tile.dotted, probabilities: answers.next().value }));
  }
}

/** A page with its words accepted or not. */
function pageOf({ found, ...sight }, digits, threshold) {
  const rows = [];
  found.forEach((row, i) => {
    const words = row.map((word) => judged(word, threshold ?? ACCEPTED, threshold ?? ACCEPTED_DIGIT));
    const n = total(words.map((word) => word.glyphs.filter(isDigit).length));
    if (!n) return;
    let reason = sight.lost[i] ? "a mark in this row was not read" : null;
    if (digits !== null && digits !== n) reason = `${n} ${n === 1 ? "digit" : "digits"}, expected ${digits}`;
    rows.push({ words, reason });
  });
  return { rows, ...sight };
}

/** The glyphs, with digits that are faint beside the others as other writing. */
function withoutFaint(gray, glyphs) {
  const contrast = new Map();
  for (const glyph of digitsOf(glyphs)) {
    const x = clip(Math.floor(glyph.left), 0, gray.width - 1);
    const y = clip(Math.floor(glyph.top), 0, gray.height - 1);
    const [right, bottom] = [clip(Math.ceil(glyph.right), x + 1, gray.width), clip(Math.ceil(glyph.bottom), y + 1, gray.height)];
    const { data } = gray.crop(y, bottom, x, right);
    contrast.set(glyph, largest(data) - smallest(data));
  }
  const usual = [...contrast.values()].sort((a, b) => a - b)[Math.floor((3 * (contrast.size - 1)) / 4)];
  return glyphs.map((glyph) => (contrast.get(glyph) < FAINT * usual ? { ...glyph, kind: OTHER } : glyph));
}

/** Runs of glyphs, those with the most heat first. */
function hottest(found) {
  const heat = (run) => total(run.map((glyph) => glyph.heat));
  return found.toSorted((a, b) => heat(b) - heat(a));
}

const digitsOf = (glyphs) => glyphs.filter(({ kind }) => kind === DIGIT);

/** Whether a mark may well be a digit or a sign. differs: whether it is that for one network and this for the other. */
function mayBeEither(marks, i, differs) {
  const { label, probabilities: p } = marks[i];
  if (label !== 1) return differs || (label === SLASH && p[1] > MIXED);
  // Nothing but a slash or a bracket looks like a 1, and not everywhere is a slash.
  const labels = marks.map((mark) => mark.label);
  const least = oftenSlash(labels, i) ? MIXED_OFTEN : MIXED;
  const maybe = (differs || p[SLASH] > least) && maybeSlash(labels, i);
  return maybe || (differs && [0, marks.length - 1].includes(i));
}

/** The glyphs, with signs that stand alone and are as high as digits as digits: the string network decides what they are. */
function withTallSignsAsDigits(glyphs) {
  const inRuns = new Set(runs(glyphs, slope(glyphs)).flat());
  const usual = digitsOf(glyphs).length ? heightOf(glyphs) : 0;
  const digit = ({ kind, top, bottom }, i) => kind === SIGN && !inRuns.has(i) && bottom - top > AS_TALL * usual;
  return glyphs.map((glyph, i) => (digit(glyph, i) ? { ...glyph, kind: DIGIT } : glyph));
}

/** The median height of the digits of some glyphs. */
const heightOf = (glyphs) => median(digitsOf(glyphs).map(({ top, bottom }) => bottom - top));

/** Whether a picture is a crop of one line: it has one run, and is not much higher than its digits. */
const isLine = (gray, found) => found.length === 1 && gray.height < LINE * heightOf(found[0]);

/** The runs without those beside a mark of a run of much larger digits: a comma, a part of a digit. */
function outer(parts) {
  const mean = (values) => total(values) / values.length;
  return parts.filter(({ run, string }) => {
    const x = mean(run.map(({ left, right }) => left + right)) / 2;
    const y = mean(run.map(({ top, bottom }) => top + bottom)) / 2;
    return !parts.some((other) => {
      const high = heightOf(other.run);
      return other.string.probability > string.probability / 2 && heightOf(run) < SMALL * high
        && placesOf(other.strip, other.string.marks).some(([px, py]) => Math.abs(px - x) < 0.4 * high && Math.abs(py - y) < 0.8 * high);
    });
  });
}

/** The middles of marks on the picture. */
const placesOf = ({ matrix }, marks) => marks.map((m) => matrix.map(([a, b, c]) => a * m.x + b * (ROWS / 2) + c));

/** The probability that all words are right, if they are independent; 0 if there are none. */
function belief(rows) {
  const words = rows.flat();
  return words.length ? words.reduce((all, word) => all * confidenceOf(word), 1) : 0;
}

/** The probability that a word is right. */
function confidenceOf({ features, how }) {
  const odds = total(WEIGHTS[how].map((weight, i) => weight * features[i]));
  return 1 / (1 + Math.exp(-clip(odds, -30, 30)));
}

/** Rows of words without the unsure ones in a column of letters, such as grades, and the places of these. */
function withoutLetters(rows, others, tilt) {
  const places = new Map(rows.flat().map((word) => [word, around(word.glyphs.map(({ box }) => box))]));
  const short = others.filter(({ width, height }) => width < SHORT * height);
  const every = [...places.values()];
  const letters = [];
  const words = rows.map((row) => row.flatMap((word) => {
    const box = places.get(word);
    const among = amongLetters(box, short, every, tilt);
    if (!among || confidenceOf(word) >= ACCEPTED) return [{ ...word, letters: among }];
    letters.push(box);
    return [];
  }));
  return { words, letters };
}

/** Whether a box is in a column with at least three letters, and more than twice as many as words. */
function amongLetters(box, letters, words, tilt) {
  const middle = ({ x, y, width, height }) => x + width / 2 + tilt * (y + height / 2);
  // How many boxes of about the same height stand above, below or at the box.
  const column = (boxes) => boxes.filter((other) => {
    const alike = other.height / box.height > 0.5 && other.height / box.height < 2;
    return alike && Math.abs(middle(other) - middle(box)) < Math.max(box.width, other.width) / 2;
  }).length;
  const n = column(letters);
  return n >= LETTERS && n > 2 * column(words);
}

/** Whether a run that was not read may be digits: the finder is sure, and the string network is not. */
const mayBeDigits = ({ run, string }) => largest(run.map(({ heat }) => heat)) > LOST && string.probability < SURE_OF_OTHER;

/** For each row whether a piece that was not read belongs to it. Pieces in a column of letters do not. */
function lostIn(rows, pieces, others, tilt) {
  const words = rows.map((row) => row.map(({ glyphs }) => around(glyphs.map(({ box }) => box))));
  const short = others.filter(({ width, height }) => width < SHORT * height);
  const own = pieces.filter((piece) => !amongLetters(piece, short, words.flat(), tilt));
  return words.map((row) => row.length > 0 && own.some((piece) => {
    const word = row[argmin(row.map(({ x }) => Math.abs(x - piece.x)))];
    const rise = tilt * (piece.x + piece.width / 2 - word.x - word.width / 2);
    const away = piece.y + piece.height / 2 - word.y - word.height / 2 - rise;
    return piece.height / word.height > 0.5 && piece.height / word.height < 2 && Math.abs(away) < LEVEL * word.height;
  }));
}

/** Whether a mark is a digit. */
const isNumeral = ({ label }) => label < 10;

/** Whether a glyph of a word is a digit, not a sign. */
export const isDigit = (glyph) => "digit" in glyph;

/** The boxes of the digits of a run, the outer ones widened by the signs beside them, and to 0 and `width` if it is given. */
function bounds(run, width) {
  const boxes = run.filter(({ kind }) => kind === DIGIT).map(({ left, top, right, bottom }) => ({ left, top, right, bottom }));
  const [first, last] = [argmin(boxes.map(({ left }) => left)), argmax(boxes.map(({ right }) => right))];
  boxes[first].left = smallest(run.map(({ left }) => left));
  boxes[last].right = largest(run.map(({ right }) => right));
  if (width !== null) {
    boxes[first].left = Math.min(boxes[first].left, 0);
    boxes[last].right = Math.max(boxes[last].right, width);
  }
  return boxes;
}

/**
 * The marks of a string within its run: {label, box, probabilities, heat} of each; and how many glyphs of it were not read.
 * run, others: glyphs of this run and of all other runs.
 */
function marksOf(run, strip, string, others) {
  const margin = (ROOM - BEYOND) * TALL;
  const inside = string.marks.filter(({ x }) => margin < x && x < strip.width - margin);
  const height = TALL * scaleOf(strip.matrix);
  const places = placesOf(strip, inside);
  const usual = isUsual(string.marks.map(({ label }) => label));
  const pairs = [];
  run.forEach(({ left, right }, j) => places.forEach(([x], i) => {
    const distance = Math.abs((left + right) / 2 - x);
    // Two marks can be as far from a glyph as each other. Rounding must not decide between them.
    const rank = Math.floor((100 * distance) / height + 0.5);
    if (distance < 0.45 * Math.max(right - left, 0.5 * height)) pairs.push({ rank, i, j });
  }));
  pairs.sort((a, b) => a.rank - b.rank || a.i - b.i || a.j - b.j);
  const [matched, taken] = [new Map(), new Set()];
  for (const { i, j } of pairs) {
    if (matched.has(i) || taken.has(j)) continue;
    matched.set(i, j);
    taken.add(j);
  }
  const ofAnother = ([px, py]) => others.some(({ left, top, right, bottom }) =>
    Math.abs((left + right) / 2 - px) < 0.3 * height && Math.abs((top + bottom) / 2 - py) < 0.6 * height);
  const marks = [];
  inside.forEach(({ label, probabilities, shares }, i) => {
    if (matched.has(i)) {
      const { left, top, right, bottom, heat, kind } = run[matched.get(i)];
      const differs = label !== UNREAD && label < 10 !== (kind === DIGIT);
      const mixed = mayBeEither(inside, i, differs);
      // A slanted 1 looks like a slash.
      const p = differs && label >= 10 && !usual ? ofDigit(probabilities) : probabilities;
      const best = p === probabilities ? label : argmax(p.slice(0, UNREAD));
      marks.push({ label: best, box: { left, top, right, bottom }, probabilities: p, heat, mixed, shares });
    } else if (!ofAnother(places[i])) {
      const [px, py] = places[i];
      const gaps = [places[i - 1], places[i + 1]].filter(Boolean).map(([x]) => Math.abs(px - x));
      const half = Math.min(0.3 * height, ...gaps.map((gap) => gap / 2));
      const box = { left: px - half, top: py - height / 2, right: px + half, bottom: py + height / 2 };
      marks.push({ label, box, probabilities, heat: 0, mixed: mayBeEither(inside, i, false), shares });
    }
  });
  const read = new Set([...matched].filter(([i]) => inside[i].label !== UNREAD).map(([, j]) => j));
  return { marks, missed: run.length - read.size };
}

/** The words of each row of marks from left to right: {glyphs, features, beside} of each. */
function wordsOf(rows, seen, scale) {
  const own = rows.map((row) => row.filter(({ mark }) => mark.label !== UNREAD));
  const heights = own.map((row) => median(row.filter(({ mark }) => isNumeral(mark)).map(({ mark: { box } }) => box.bottom - box.top)));
  const boxes = own.map((row, n) => row.map(({ mark: { box } }) => {
    const y = (box.top + box.bottom) / 2;
    return boxOf({ left: box.left, top: y - heights[n] / 2, right: box.right, bottom: y + heights[n] / 2 }, 16);
  }));
  const unread = [
    ...seen.filter(({ kind }) => kind === OTHER),
    ...rows.flat().filter(({ mark }) => mark.label === UNREAD).map(({ mark }) => mark.box),
  ];
  const found = layout.parted(boxes).map((words, n) => words.flatMap((word) => {
    const members = word.map((i) => own[n][i]);
    const labels = members.map(({ mark }) => mark.label);
    if (labels.every((label) => label >= 10) && labels.some((label) => !DASHES.includes(NAMES[label]))) return [];
    const read = members.map((member) => glyphOf(member, scale));
    const beside = isBeside(members.map(({ mark }) => mark.box), unread, heights[n]);
    const mixed = members.some(({ mark, run }) => mark.mixed || run.signs > MIXED_SIGNS)
      || members.slice(0, -1).some(({ known }) => known?.dotted);
    return [{ glyphs: read, features: features(members, read), beside, mixed, how: members.some(({ mark }) => mark.shares) ? TWICE : ONCE }];
  }));
  const alone = found.length === 1 && found[0].length === 1 && found[0][0].how === TWICE && found[0][0].glyphs.length === 1;
  return alone ? [[{ ...found[0][0], how: ALONE }]] : found;
}

/** Whether something that was not read is so near to the boxes of a word that it can be a part of it. */
function isBeside(boxes, unread, height) {
  const [left, right] = [boxes[0].left, boxes.at(-1).right];
  const [top, bottom] = [smallest(boxes.map((b) => b.top)), largest(boxes.map((b) => b.bottom))];
  return unread.some((other) => {
    const shared = Math.min(other.bottom, bottom) - Math.max(other.top, top);
    const away = Math.max(other.left - right, left - other.right);
    return away < BESIDE * height && shared > 0.3 * Math.min(other.bottom - other.top, bottom - top);
  });
}

/** A digit, with the string network and the classifier combined, or a sign. */
function glyphOf({ mark, known }, scale) {
  const box = boxOf(mark.box, scale);
  if (!known) return { box, sign: NAMES[mark.label], confidence: mark.probabilities[mark.label] };
  const ten = mark.probabilities.slice(0, 10);
  const both = ten.map((p, d) => (p + 1e-4) * (known.probabilities[d] + 1e-2) ** CLASSIFIER);
  const [sum, rest] = [total(both), total(ten)];
  const own = both.map((p) => (p / sum) * rest);
  const probabilities = mark.shares ? own.map((p, d) => (1 - OWN) * mark.shares[d] + OWN * p) : own;
  return { box, ...ranked(probabilities), accepted: true, reason: null, probabilities, tile: rowsOf(known.tile) };
}

/** The most probable digit and the next two. */
export function ranked(probabilities) {
  const order = [...Array(10).keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const [{ digit, confidence }, ...alternatives] = order.slice(0, 3).map((digit) => ({ digit, confidence: probabilities[digit] }));
  return { digit, confidence, alternatives };
}

/** A tile as rows of numbers. */
export const rowsOf = (tile) => Array.from({ length: tile.height }, (_, y) => [...tile.row(y)]);

/** The probabilities of the labels of a mark that the string network reads as a sign, and the finder as a digit. */
function ofDigit(probabilities) {
  const p = Float32Array.from(probabilities, (value, label) => (label < 10 || label === UNREAD ? value : value * SIGN_OF_DIGIT));
  const sum = total(p);
  return p.map((value) => value / sum);
}

/** The values of FEATURES for a word. */
function features(members, read) {
  const log = (value, least) => Math.log(Math.max(value, least));
  const own = [...new Set(members.map(({ run }) => run))];
  const classified = members.flatMap(({ mark, known }, i) =>
    known ? [[known.probabilities[read[i].digit], mark.probabilities[UNREAD]]] : []);
  const heats = members.map(({ mark }) => mark.heat).filter((heat) => heat > 0);
  const values = {
    bias: 1,
    string: total(own.map((run) => log(run.string.probability, 1e-6))),
    digit: smallest(read.map(({ confidence }) => log(confidence, 1e-6))),
    classifier: classified.length ? smallest(classified.map(([p]) => log(p, 1e-3))) : 0,
    other: -largest(classified.map(([, q]) => q), 0),
    unseen: members.filter(({ mark }) => mark.heat === 0 && isNumeral(mark)).length,
    missed: total(own.map((run) => run.missed)),
    heat: heats.length ? smallest(heats.map(Math.log)) : 0,
    disagree: largest(own.map((run) => VIEWS.length - run.agree)),
    strokes: Number(read.filter(isDigit).every(({ digit }) => digit === 1)),
    second: -total(own.filter((run) => run.second !== null).map((run) => Math.log(SURELY + 1 - run.second))),
  };
  return FEATURES.map((name) => values[name]);
}

/** A word, accepted or with the reason why not. */
function judged(word, least, leastDigit) {
  const { glyphs: read, features, beside, mixed, letters } = word;
  const confidence = confidenceOf(word);
  const glyphs = read.map((glyph) => (isDigit(glyph) && glyph.confidence < leastDigit ? doubted(glyph) : glyph));
  let reason = null;
  if (beside) reason = "a mark beside it was not read";
  else if (mixed) reason = "a mark in it is a digit or a sign";
  else if (letters) reason = "in a column of letters";
  else if (features[FEATURES.indexOf("missed")]) reason = "a mark in it was not read";
  else if (confidence < least && glyphs.every((glyph, i) => glyph === read[i])) reason = UNSURE;
  return { glyphs, confidence, reason };
}

/** A digit as not accepted. */
const doubted = (digit) => ({ ...digit, accepted: false, reason: `unsure: ${digit.digit} or ${digit.alternatives[0].digit}` });

/** The smallest box of whole pixels around corners times `scale`. */
function boxOf({ left, top, right, bottom }, scale) {
  const [x, y] = [Math.floor(left * scale), Math.floor(top * scale)];
  return { x, y, width: Math.max(1, Math.ceil(right * scale) - x), height: Math.max(1, Math.ceil(bottom * scale) - y) };
}

/** The smallest box that holds all boxes. */
export function around(boxes) {
  const [x, y] = [smallest(boxes.map((box) => box.x)), smallest(boxes.map((box) => box.y))];
  const [right, bottom] = [largest(boxes.map((box) => box.x + box.width)), largest(boxes.map((box) => box.y + box.height))];
  return { x, y, width: right - x, height: bottom - y };
}
