/** Page: the rows of words on a grey picture, found and read by the two page networks. A copy of read/page.py. */

import {
  ACCEPTED, ACCEPTED_DIGIT, CLOSE_UP_SIDE, GLYPH_HEAT, PAGE_RUNS, TURN_EXTRA, TURN_RUNS, TURN_TIMES, VIEW_SCALES,
} from "./constants.js";
import { confidenceOfAll, isDigit, judged, likelyRows } from "./decision.js";
import { DIGIT, OTHER, glyphs } from "./finder.js";
import { bounds, digitsOf, isLine, withFaintAsOther, withTallSignsAsDigits } from "./glyphs.js";
import { OTHER_WRITING } from "./labels.js";
import { lostIn, withoutLetters } from "./letters.js";
import { hasDigits, isNumeral, mayBeDigits, withMarks, withoutSmall } from "./marks.js";
import { around, enclosing } from "./reading.js";
import * as layout from "./rows.js";
import { runs, slope } from "./runs.js";
import { readViews, strings } from "./strings.js";
import { band, cut, view } from "./strips.js";
import { content } from "./tiles.js";
import { argmax, total } from "./vision.js";
import { classified, words } from "./words.js";

/** networks: {finder, strings, classify}, functions that run them. */
export class Page {
  #networks;

  constructor(networks) {
    this.#networks = networks;
  }

  /**
   * The rows from the top down, the places of other writing, and why not all of the page was read.
   * digits: number of digits in each row, if it is known. threshold: confidence below which a word is not accepted.
   * scale: pixels of the boxes per pixel of the picture.
   */
  async read(gray, { digits = null, threshold, scale = 1 } = {}) {
    return pageOf(await this.find(gray, digits, scale), digits, threshold);
  }

  /**
   * What is read on a page with one row, together with a second reader: {number, confidence, costs}.
   * page: as it was read before. A row with a slash does not change, because the second reader does not know slashes.
   */
  async again(gray, page, second, { digits = null, threshold, scale = 1 } = {}) {
    if (page.rows[0].words.some(({ glyphs }) => glyphs.some(({ sign }) => sign === "/"))) return page;
    const run = page.runs[0].flat();
    const again = await this.#find(gray, run, [run], digits, scale, second);
    return pageOf({ ...again, others: page.others, reason: page.reason, lost: page.lost, seen: page.seen, foundDigits: page.foundDigits }, digits, threshold);
  }

  /** The words of each row with their features, the runs of each row, and the places of other writing. */
  async find(gray, digits = null, scale = 1) {
    const hot = (await glyphs(gray, this.#networks.finder)).filter(({ heat }) => heat > GLYPH_HEAT);
    const seen = withTallSignsAsDigits(withFaintAsOther(gray, hot));
    const foundDigits = seen.some(({ kind }) => kind === OTHER) ? -1 : digitsOf(seen).length;
    const found = await this.#find(gray, seen, runs(seen, slope(seen)).map((run) => run.map((i) => seen[i])), digits, scale);
    const box = Math.max(gray.width, gray.height) > CLOSE_UP_SIDE ? null : content(gray);
    if (!box) return { ...found, seen, foundDigits };
    const all = [{ ...box, kind: DIGIT, heat: GLYPH_HEAT }];
    const whole = await this.#find(gray, all, [all], digits, scale);
    return { ...(confidenceOfAll(whole.found) > confidenceOfAll(found.found) ? whole : found), seen, foundDigits };
  }

  /** What `find` returns, from the glyphs on the picture and those of each run. second: of the only run. */
  async #find(gray, seen, found, digits, scale, second = null) {
    const tilt = slope(seen);
    const runsFound = hottest(found);
    const reason = runsFound.length <= PAGE_RUNS ? null : `only ${PAGE_RUNS} of ${runsFound.length} pieces of writing were read`;
    const options = { digits: second && digits, whole: isLine(gray, runsFound), second };
    const all = await this.#runs(gray, runsFound.slice(0, PAGE_RUNS), tilt, options);
    const read = all.filter(hasDigits);
    const places = read.map(({ marks }) => ({ boxes: marks.filter(isNumeral).map((m) => enclosing(m.box, 1)), number: true }));
    const order = layout.rows(places);
    if (digits !== null && !second) await this.#withDigits(gray, read, order, tilt, digits);
    const rows = membersOf(read, order, await classified(gray, read, this.#networks.classify));
    const others = othersOf(seen, all, read, tilt, scale);
    const { words: found_, letters } = withoutLetters(words(rows, seen, scale), others, tilt);
    others.push(...letters);
    const kept = likelyRows(found_);
    found_.forEach((row, i) => {
      if (!kept[i]) others.push(...row.map(({ glyphs }) => around(glyphs.map(({ box }) => box))));
    });
    const runsOf = order.map((row) => row.map((i) => read[i].run));
    const rowsKept = found_.filter((_, i) => kept[i]);
    const unreadRuns = all.filter((each) => !hasDigits(each) && mayBeDigits(each));
    const pieces = unreadRuns.map(({ run }) => placeOf(run, scale));
    const lost = lostIn(rowsKept, pieces, others, tilt);
    return { found: rowsKept, runs: runsOf.filter((_, i) => kept[i]), others, reason, lost };
  }

  /** Read runs that are a row of their own again with the number of digits. order: the indices of the runs of each row. */
  async #withDigits(gray, read, order, tilt, digits) {
    const alone = order.filter((row) => row.length === 1 && read[row[0]].marks.filter(isNumeral).length !== digits).map(([i]) => i);
    const again = await this.#runs(gray, alone.map((i) => read[i].run), tilt, { digits });
    alone.forEach((i, n) => {
      if (hasDigits(again[n])) read[i] = again[n];
    });
  }

  /**
   * What was read on each run, without runs that are parts of others, unless the number of digits is known.
   * found: the glyphs of each run. whole: their strips go from the left to the right edge of the picture.
   * second: what a second reader reads in the first run.
   */
  async #runs(gray, found, tilt, { digits = null, whole = false, second = null }) {
    const run = this.#networks.strings;
    const views = found.map((glyphs) => {
      const usual = band(bounds(glyphs, whole ? gray.width : null), tilt);
      return [usual, ...VIEW_SCALES.map((by) => view(usual, by))];
    });
    const seen = await readViews(views.map((some) => some.map((strip) => cut(gray, strip))), run, { digits, second });
    let parts = found.map((glyphs, i) => ({ ...seen[i], run: glyphs, strip: views[i][seen[i].view] }));
    if (digits === null) parts = withoutSmall(parts);
    return parts.map((part) => {
      const others = parts.filter((other) => other !== part).flatMap((other) => other.run);
      return withMarks(part, others);
    });
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
      scores.push(await this.#sureDigits(gray, seen));
      if (TURN_TIMES * scores[0] + TURN_EXTRA >= seen.length) return 0; // no direction has more digits than glyphs
    }
    const best = argmax(scores);
    return scores[best] > TURN_TIMES * scores[0] + TURN_EXTRA ? 90 * best : 0;
  }

  /** How many digits are read on a picture, each weighted by its probability and that of its string. */
  async #sureDigits(gray, seen) {
    const tilt = slope(seen);
    const found = hottest(runs(seen, tilt).map((run) => run.map((i) => seen[i]))).slice(0, TURN_RUNS);
    const read = await strings(found.map((run) => cut(gray, band(run, tilt))), this.#networks.strings);
    const sure = ({ marks }) => total(marks.filter(isNumeral).map((m) => m.probabilities[m.label]));
    return total(read.map((string) => string.probability * sure(string)));
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

/** Runs of glyphs, those with the most heat first. */
function hottest(found) {
  const heat = (run) => total(run.map((glyph) => glyph.heat));
  return found.toSorted((a, b) => heat(b) - heat(a));
}

/** The marks of each row from left to right, {mark, known, run} each. order: the indices of the runs of each row. */
const membersOf = (read, order, known) => order.map((row) =>
  row
    .flatMap((i) => read[i].marks.map((mark, k) => ({ mark, known: known[i][k], run: read[i] })))
    .sort((a, b) => a.mark.box.left + a.mark.box.right - (b.mark.box.left + b.mark.box.right)));

/** The places of other writing: marks that were read as such, runs without digits, and unread glyphs. */
function othersOf(seen, all, read, tilt, scale) {
  const unread = seen.filter(({ kind }) => kind === OTHER).map((glyph) => ({ ...glyph, kind: DIGIT }));
  return [
    ...read.flatMap(({ marks }) => marks.filter(({ label }) => label === OTHER_WRITING).map((m) => enclosing(m.box, scale))),
    ...all.filter((each) => !hasDigits(each)).map(({ run }) => placeOf(run, scale)),
    ...runs(unread, tilt).map((run) => placeOf(run.map((i) => unread[i]), scale)),
  ];
}

/** The box around glyphs. */
const placeOf = (seen, scale) => around(seen.map((glyph) => enclosing(glyph, scale)));
