/** Letters: words that are letters because of their column, and rows that lost a piece of writing. A copy of read/letters.py. */

import { ACCEPTED, LETTERS, LETTERS_TIMES, LETTER_WIDTH, LEVEL_OFFSET, LEVEL_RATIO } from "./constants.js";
import { confidence } from "./decision.js";
import { around } from "./reading.js";
import { argmin } from "./vision.js";

/**
 * Rows of words without the unsure words in a column of letters, and the places of these: {words, letters}.
 * others: places of other writing. tilt: tilt of the page, dy / dx.
 */
export function withoutLetters(rows, others, tilt) {
  const places = new Map(rows.flat().map((word) => [word, around(word.glyphs.map(({ box }) => box))]));
  const short = shortOf(others);
  const every = [...places.values()];
  const letters = [];
  const words = rows.map((row) => row.flatMap((word) => {
    const box = places.get(word);
    const among = isAmongLetters(box, short, every, tilt);
    if (!among || confidence(word) >= ACCEPTED) return [{ ...word, letters: among }];
    letters.push(box);
    return [];
  }));
  return { words, letters };
}

/**
 * For each row whether a piece of writing that was not read belongs to it. Pieces in a column of letters do not.
 * pieces: places of writing that the finder took for digits and that was not read. others: places of all other writing.
 */
export function lostIn(rows, pieces, others, tilt) {
  const words = rows.map((row) => row.map(({ glyphs }) => around(glyphs.map(({ box }) => box))));
  const own = pieces.filter((piece) => !isAmongLetters(piece, shortOf(others), words.flat(), tilt));
  return words.map((row) => row.length > 0 && own.some((piece) =>
    isLevel(piece, row[argmin(row.map(({ x }) => Math.abs(x - piece.x)))], tilt)));
}

/** The places of other writing that can be a letter. */
const shortOf = (others) => others.filter(({ width, height }) => width < LETTER_WIDTH * height);

/** Whether a box is in a column with at least three letters, and more than twice as many letters as words. */
function isAmongLetters(box, letters, words, tilt) {
  const n = inColumn(box, letters, tilt);
  return n >= LETTERS && n > LETTERS_TIMES * inColumn(box, words, tilt);
}

/** The number of boxes of about the same height that are above, below or at a box. */
function inColumn(box, boxes, tilt) {
  const middle = ({ x, y, width, height }) => x + width / 2 + tilt * (y + height / 2);
  return boxes.filter((other) =>
    hasSameHeight(other, box) && Math.abs(middle(other) - middle(box)) < Math.max(box.width, other.width) / 2).length;
}

/** Whether a piece of writing has about the height of a word, and is level with it on the page. */
function isLevel(piece, word, tilt) {
  const rise = tilt * (piece.x + piece.width / 2 - word.x - word.width / 2);
  const away = piece.y + piece.height / 2 - word.y - word.height / 2 - rise;
  return hasSameHeight(piece, word) && Math.abs(away) < LEVEL_OFFSET * word.height;
}

/** Whether one box has about the height of the other. */
const hasSameHeight = (one, other) => one.height / other.height > 1 / LEVEL_RATIO && one.height / other.height < LEVEL_RATIO;
