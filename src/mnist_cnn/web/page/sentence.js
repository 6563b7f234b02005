/** A reading as a sentence. */

import { digitsOf, percent } from "./digits.js";

/** The sentence about a reading. ofPicture: whether it is of a picture, not of a drawing. */
export function sentence(reading, ofPicture) {
  const found = digitsOf(reading);
  const unsure = found.filter((digit) => !digit.accepted);
  if (!found.length && !reading.others.length) return ofPicture ? "I can't find a digit in this picture." : "I can't find a digit yet.";
  if (!found.length) return reading.others.length > 1 ? "These don't look like digits." : "That doesn't look like a digit.";
  if (unsure.length > 1) return `I am not sure about ${unsure.length} of the ${found.length} digits.`;
  if (unsure.length) {
    const [one] = unsure;
    const [next] = one.alternatives;
    const none = 1 - one.probabilities.reduce((a, b) => a + b, 0);
    const doubt = next.confidence < none ? `is it a ${one.digit}, or not a digit?` : `${one.digit} or ${next.digit}?`;
    return found.length > 1 ? `I am not sure about one digit: ${doubt}` : `I am not sure: ${doubt}`;
  }
  if (!reading.accepted) return reasonOf(reading) === "unsure" ? "I am not sure." : `I am not sure: ${reasonOf(reading)}.`;
  const rest = reading.others.length ? " Marks that are not numbers were left out." : "";
  return `I am ${percent(reading.confidence)} sure.${rest}`;
}

/** The first reason against a reading whose digits are all accepted. */
function reasonOf(reading) {
  const parts = [reading, ...reading.rows, ...reading.rows.flatMap((row) => row.words)];
  return parts.find(({ reason }) => reason)?.reason ?? "there are no digits";
}
