/** The digits of a reading: boxes on the drawing, a row of buttons, and details of the chosen digit. */

const TAG = { width: 44, height: 26 }; // size of a label, in pixels
const COLD = 0.02; // smaller falls of the probability are not shown

const wordsOf = (reading) => reading.rows.flatMap((row) => row.words);

/** All digits of a reading, row after row. */
export const digitsOf = (reading) => wordsOf(reading).flatMap((word) => word.digits);

/** A share as text: "98 %", at most "99.9 %". */
export function percent(share) {
  const whole = 100 * share;
  if (whole < 0.05) return "0 %";
  if (whole < 0.95) return `${whole.toFixed(1)} %`;
  return whole < 99 ? `${Math.round(whole)} %` : `${Math.min(Math.floor(whole * 10) / 10, 99.9)} %`;
}

/** The label of a digit on the drawing and on its button. */
function label(digit) {
  const note = percent(digit.confidence);
  return digit.accepted ? { state: "sure", name: `${digit.digit}`, note } : { state: "unsure", name: `${digit.digit}?`, note };
}

export class Digits {
  #page;
  #backend;
  #found = [];
  #chosen = 0;
  #reading = null;
  #request = null; // AbortController of the open explanation
  #explained = false; // whether a digit was explained since the drawing was empty

  /** page: the elements of the page by their ids. */
  constructor(page, backend) {
    this.#page = page;
    this.#backend = backend;
    for (const name of [..."0123456789", "not a digit"]) {
      page.bars.append(element("li", { className: "bar" }, [
        element("span", { className: "name", textContent: name }),
        element("span", { className: "track" }, [element("span", { className: "fill" })]),
        element("span", { className: "share" }),
      ]));
    }
    page.digits.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#boxes()).observe(page.boxes);
    this.show({ rows: [], others: [] });
  }

  /** Show a reading. at: place of the pen, 0 to 1; the nearest digit is chosen. settled: whether no stroke is open. */
  show(reading, { at = null, settled = false } = {}) {
    this.#found = digitsOf(reading);
    this.#reading = reading;
    if (settled) this.#chosen = at ? nearest(this.#found, at, reading) : this.#found.findIndex((d) => !d.accepted);
    this.#chosen = Math.min(Math.max(this.#chosen, 0), Math.max(this.#found.length - 1, 0));
    this.#row();
    this.#choose(this.#chosen, settled);
  }

  #row() {
    const row = this.#page.digits;
    while (row.children.length > this.#found.length) row.lastChild.remove();
    while (row.children.length < this.#found.length) {
      const index = row.children.length;
      const button = element("button", { type: "button" }, [element("b", {}), element("small", {})]);
      button.addEventListener("click", () => this.#choose(index, true));
      row.append(button);
    }
    this.#found.forEach((digit, index) => {
      const { state, name, note } = label(digit);
      const [large, small] = row.children[index].children;
      row.children[index].className = state;
      large.textContent = name;
      small.textContent = note;
    });
  }

  /** Choose a digit. explain: whether to request its maps and saliency; not while a stroke is open. */
  #choose(index, explain) {
    this.#chosen = index;
    [...this.#page.digits.children].forEach((button, i) => button.setAttribute("aria-pressed", i === index));
    const digit = this.#found[index];
    this.#boxes();
    this.#chances(digit);
    this.#explained &&= Boolean(digit);
    this.#page.sees.hidden = !this.#explained;
    this.#page.sees.classList.toggle("stale", Boolean(digit) && !explain);
    if (digit) paint(this.#page.tile, digit.tile, gray);
    if (explain && digit) this.#explain(digit);
    else this.#request?.abort();
  }

  #key(event) {
    const buttons = [...this.#page.digits.children];
    const here = buttons.indexOf(document.activeElement);
    const last = buttons.length - 1;
    const to = { ArrowLeft: here - 1, ArrowUp: here - 1, ArrowRight: here + 1, ArrowDown: here + 1, Home: 0, End: last };
    if (here < 0 || !(event.key in to)) return;
    event.preventDefault();
    const target = buttons[Math.min(Math.max(to[event.key], 0), last)];
    target.focus();
    target.click();
  }

  #chances(digit) {
    const shares = digit ? [...digit.probabilities] : [];
    if (digit) shares.push(Math.max(0, 1 - shares.reduce((a, b) => a + b, 0)));
    const best = Math.max(...shares);
    [...this.#page.bars.children].forEach((bar, index) => {
      const share = shares[index];
      bar.classList.toggle("best", digit !== undefined && share === best);
      bar.style.setProperty("--share", share ?? 0);
      bar.querySelector(".share").textContent = share === undefined ? "" : percent(share);
    });
  }

  /** Draw the boxes. The picture is centred and as large as fits. */
  #boxes() {
    const { boxes } = this.#page;
    boxes.replaceChildren();
    const { rows, others, width, height } = this.#reading;
    if (!rows.length && !others.length) return;
    const [wide, high] = [boxes.clientWidth, boxes.clientHeight];
    const scale = Math.min(wide / width, high / height);
    const [left, top] = [(wide - scale * width) / 2, (high - scale * height) / 2];
    const shown = (box) => [left + scale * box.x, top + scale * box.y, scale * box.width, scale * box.height];
    const frame = (kind, [x, y, w, h]) =>
      boxes.append(place(element("span", { className: `box ${kind}` }), { left: x - 5, top: y - 5, width: w + 10, height: h + 10 }));
    const tag = (name, state, textContent, at) =>
      boxes.append(place(element(name, { className: `tag ${state}`, textContent }), at));
    for (const box of others) frame("none", shown(box));
    for (const word of wordsOf(this.#reading)) {
      for (const { box, sign } of word.signs) {
        const [x, y, w, h] = shown(box);
        const state = word.accepted ? "sure" : "unsure";
        frame(`sign ${state}`, [x, y, w, h]);
        tag("small", state, sign, { left: x + w / 2, top: y + h + 8 });
      }
    }
    const placed = this.#found.map(({ box }) => {
      const [x, y, w, h] = shown(box);
      const middle = Math.min(Math.max(x + w / 2, TAG.width / 2), wide - TAG.width / 2);
      return { x, y, w, h, middle, above: y - 31, below: y + h + 8 };
    });
    this.#found.forEach((digit, index) => {
      const { state, name, note } = label(digit);
      const { x, y, w, h, middle, above, below } = placed[index];
      const chosen = index === this.#chosen && this.#found.length > 1 ? " chosen" : "";
      frame(`${state}${chosen}`, [x, y, w, h]);
      const crowded = placed.some((other, i) => i !== index && Math.abs(other.middle - middle) < TAG.width
        && [other.above, other.below].some((at) => Math.abs(at - below) < TAG.height));
      const room = !crowded && below + TAG.height < high;
      tag("b", state, name, { left: middle, top: above > 0 ? above : room ? below : 2 });
      if (room && above > 0) tag("small", state, note, { left: middle, top: below }); // otherwise only its button has it
    });
  }

  async #explain(digit) {
    const { tile } = digit;
    this.#request?.abort();
    const own = (this.#request = new AbortController());
    const page = this.#page;
    try {
      const { maps, saliency } = await this.#backend.explain(tile, { signal: own.signal });
      if (own.signal.aborted) return;
      const warmest = Math.max(...saliency.flat());
      const cold = warmest < COLD;
      paint(page.heat, tile, (ink, y, x) => heat(ink, cold ? 0 : saliency[y][x] / warmest));
      page["heat-words"].textContent = cold
        ? "No single spot is important: without any one of them, I would read the same digit."
        : "Orange ink is important: without it, I would be less sure.";
      this.#maps(maps);
    } catch (error) {
      if (own.signal.aborted) return;
      page.heat.getContext("2d").clearRect(0, 0, 28, 28);
      page["heat-words"].textContent = "The important spots can't be shown right now.";
      this.#maps([]);
    }
    this.#explained = true;
    page.sees.hidden = false;
    page.sees.classList.remove("stale");
  }

  #maps(maps) {
    const page = this.#page;
    const peaks = maps.map((map) => Math.max(...map.flat(), 1e-6));
    const faint = Math.max(...peaks) / 4; // fainter maps stay dark
    page["maps-figure"].hidden = !maps.length;
    page["maps-words"].textContent =
      `The first layer looks for simple features such as edges. Each of its ${maps.length} maps shows where it found one of them.`;
    while (page.maps.children.length > maps.length) page.maps.lastChild.remove();
    maps.forEach((map, index) => {
      const canvas = page.maps.children[index] ?? page.maps.appendChild(element("canvas", { className: "pixels" }));
      Object.assign(canvas, { width: map[0].length, height: map.length });
      paint(canvas, map, (value) => gray(value / Math.max(peaks[index], faint)));
    });
  }
}

/** The index of the digit whose box is nearest to the pen. */
function nearest(digits, at, { width, height }) {
  const away = digits.map(({ box }) => Math.hypot(
    Math.max(box.x - at.x * width, 0, at.x * width - box.x - box.width),
    Math.max(box.y - at.y * height, 0, at.y * height - box.y - box.height),
  ));
  return away.indexOf(Math.min(...away));
}

function paint(canvas, rows, colour) {
  const image = new ImageData(rows[0].length, rows.length);
  rows.forEach((row, y) => row.forEach((value, x) => {
    image.data.set([...colour(value, y, x), 255], 4 * (y * row.length + x));
  }));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A colour from dark blue (0) to white (1). */
const gray = (value) => mix([24, 27, 34], [255, 251, 240], value);
/** Grey ink, more orange the more important it is. */
const heat = (ink, warmth) => mix(mix([24, 27, 34], [104, 112, 130], ink), [255, 138, 61], Math.sqrt(warmth));
const mix = (from, to, part) => from.map((value, i) => value + (to[i] - value) * part);

function element(name, properties, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function place(element, pixels) {
  for (const [side, value] of Object.entries(pixels)) element.style[side] = `${value}px`;
  return element;
}
