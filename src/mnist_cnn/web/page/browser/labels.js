/** Labels: what the string network can read at a place. A copy of read/labels.py. */

const SIGNS = ".,-/+x÷=()";
export const NAMES = [..."0123456789", ...SIGNS, "#"];
export const BLANK = NAMES.length;
export const OTHER_WRITING = NAMES.length - 1;
export const SLASH = NAMES.indexOf("/");
export const NEVER_FIRST = new Set([...",/x÷=)"].map((sign) => NAMES.indexOf(sign)));

/** The characters of labels. */
export const text = (labels) => labels.map((label) => NAMES[label]).join("");
