/** The drawing surface: strokes by mouse, finger, pen or keyboard, with undo, and the picture of them. */

const WIDTH = 510; // units of the drawing; its canvas has the resolution of the screen
const HEIGHT = 340;
const SENT = 0.7; // pixels per unit of the picture that is read: enough for digits, and faster to read
const MARGIN = 50; // white border of that picture: a stroke from edge to edge would look like a ruled line
const PEN = 14; // width of a stroke
const STEP = 9; // of an arrow key
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** A smoothed stroke: curves between the midpoints of its points. */
class Stroke {
  constructor(point) {
    this.path = new Path2D();
    this.path.moveTo(point.x, point.y);
    this.last = this.middle = point;
  }

  add(point) {
    const middle = { x: (this.last.x + point.x) / 2, y: (this.last.y + point.y) / 2 };
    this.path.quadraticCurveTo(this.last.x, this.last.y, middle.x, middle.y);
    this.middle = middle;
    this.last = point;
  }

  draw(context) {
    context.stroke(this.path);
    context.beginPath();
    context.moveTo(this.middle.x, this.middle.y);
    context.lineTo(this.last.x + 0.01, this.last.y); // a line of length 0 would draw no dot
    context.stroke();
  }
}

/** Dispatches "start", "move" and "end" of strokes, and "change" after undo and clear. */
export class Surface extends EventTarget {
  /** Whether strokes can be drawn. */
  enabled = true;
  /** The last place of the pen, 0 to 1. */
  at = null;
  /** A number that changes whenever the ink changes. */
  version = 0;

  #strokes = [];
  #past = []; // #strokes before each change
  #stroke = null;
  #pointer = null;
  #pen = { x: WIDTH / 2, y: HEIGHT / 2 };
  #held = new Set();
  #frame = 0;
  #sent = Object.assign(document.createElement("canvas"), {
    width: Math.round(SENT * (WIDTH + 2 * MARGIN)),
    height: Math.round(SENT * (HEIGHT + 2 * MARGIN)),
  });

  /** pen: the element that shows the place of the keyboard's pen. */
  constructor(canvas, pen) {
    super();
    this.canvas = canvas;
    this.pen = pen;
    const on = (type, listener) => canvas.addEventListener(type, listener);
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", (event) => this.#up(event));
    on("keydown", (event) => this.#key(event));
    on("keyup", (event) => this.#held.delete(event.key));
    on("focus", () => canvas.classList.toggle("keys", canvas.matches(":focus-visible")));
    on("blur", () => this.#leave());
    new ResizeObserver(() => this.#paint()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#paint());
  }

  get empty() {
    return !this.#strokes.length && !this.#stroke;
  }

  get drawing() {
    return this.#stroke !== null;
  }

  get undoable() {
    return this.#past.length > 0;
  }

  /** Undo the last stroke or clearing. */
  undo() {
    if (this.drawing || !this.undoable) return;
    this.#strokes = this.#past.pop();
    this.#dispatch("change");
  }

  clear() {
    this.#stroke = this.#pointer = null;
    if (this.#strokes.length) this.#become([]);
    this.#dispatch("change");
  }

  /** A PNG of the drawing, dark on white, always of the same size. */
  async picture() {
    const context = this.#sent.getContext("2d", { willReadFrequently: true }); // in memory, not on the GPU: faster
    context.save();
    context.fillStyle = "#fff";
    context.fillRect(0, 0, this.#sent.width, this.#sent.height);
    context.scale(SENT, SENT);
    context.translate(MARGIN, MARGIN);
    context.beginPath();
    context.rect(0, 0, WIDTH, HEIGHT);
    context.clip();
    this.#ink(context, "#111");
    context.restore();
    return new Promise((resolve) => this.#sent.toBlob(resolve, "image/png"));
  }

  /** A reading of that picture with its boxes in units of the drawing. */
  onSheet(reading) {
    const placed = ({ x, y, width, height }) =>
      ({ x: x / SENT - MARGIN, y: y / SENT - MARGIN, width: width / SENT, height: height / SENT });
    const moved = (thing) => ({ ...thing, box: placed(thing.box) });
    const word = (one) => ({ ...moved(one), digits: one.digits.map(moved), signs: one.signs.map(moved) });
    const rows = reading.rows.map((row) => ({ ...moved(row), words: row.words.map(word) }));
    return { ...reading, rows, others: reading.others.map(placed), width: WIDTH, height: HEIGHT };
  }

  #become(strokes) {
    this.#past.push(this.#strokes);
    this.#strokes = strokes;
  }

  #begin(point) {
    this.#stroke = new Stroke(point);
    this.#follow(point);
    this.#dispatch("start");
  }

  #extend(points) {
    for (const point of points) this.#stroke.add(point);
    this.#follow(points.at(-1));
    this.#dispatch("move");
  }

  #end() {
    this.#become([...this.#strokes, this.#stroke]);
    this.#stroke = this.#pointer = null;
    this.pen.classList.remove("down");
    this.#dispatch("end");
  }

  #follow(point) {
    this.at = { x: point.x / WIDTH, y: point.y / HEIGHT };
    this.#pen = point;
  }

  #down(event) {
    if (!this.enabled || this.drawing || event.button !== 0) return;
    this.#byKeys(false);
    this.canvas.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#begin(this.#point(event));
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    const all = event.getCoalescedEvents?.() ?? [];
    this.#extend((all.length ? all : [event]).map((one) => this.#point(one)));
  }

  #up(event) {
    if (event.pointerId === this.#pointer) this.#end();
  }

  #key(event) {
    if (!this.enabled || this.#pointer !== null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && !event.repeat) {
      if (this.drawing) this.#end();
      else this.#begin(this.#pen);
    } else if (event.key in ARROWS) {
      this.#held.add(event.key);
      const sum = [0, 1].map((axis) => [...this.#held].reduce((all, key) => all + ARROWS[key][axis], 0));
      const x = Math.min(Math.max(this.#pen.x + STEP * sum[0], 0), WIDTH);
      const y = Math.min(Math.max(this.#pen.y + STEP * sum[1], 0), HEIGHT);
      if (this.drawing) this.#extend([{ x, y }]);
      else this.#pen = { x, y };
    } else if (event.key !== " ") return;
    event.preventDefault();
    this.#byKeys(true);
    this.pen.classList.toggle("down", this.drawing);
    this.pen.style.left = `${(100 * this.#pen.x) / WIDTH}%`;
    this.pen.style.top = `${(100 * this.#pen.y) / HEIGHT}%`;
  }

  #leave() {
    this.#held.clear();
    this.#byKeys(false);
    if (this.drawing && this.#pointer === null) this.#end();
  }

  #byKeys(yes) {
    this.pen.hidden = !yes;
    this.canvas.classList.toggle("keys", yes);
  }

  #point(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return { x: ((event.clientX - left) * WIDTH) / width, y: ((event.clientY - top) * HEIGHT) / height };
  }

  #dispatch(type) {
    if (type !== "end") this.version += 1; // the end of a stroke adds no ink
    this.#frame ||= requestAnimationFrame(() => this.#paint());
    this.dispatchEvent(new Event(type));
  }

  #paint() {
    this.#frame = 0;
    const { canvas } = this;
    const scale = (canvas.clientWidth * devicePixelRatio) / WIDTH;
    const [width, height] = [Math.round(WIDTH * scale), Math.round(HEIGHT * scale)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, WIDTH, HEIGHT);
    this.#ink(context, getComputedStyle(canvas).color);
  }

  #ink(context, colour) {
    Object.assign(context, { strokeStyle: colour, lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    for (const stroke of this.#strokes) stroke.draw(context);
    this.#stroke?.draw(context);
  }
}
