/** The page: what is drawn or chosen goes to the back end while it is drawn, and what comes back is shown. */

import { backend } from "./backend.js";
import { Surface } from "./canvas.js";
import { Digits, digitsOf, percent } from "./digits.js";
import { BackendError } from "./problem.js";

const PAUSE = 60; // milliseconds, at least, from one reading to the next while one draws
const PATIENCE = 25_000; // milliseconds until a connection that is silent counts as none
const LONGEST_WAIT = 15; // seconds
const LARGEST = 1600; // pixels a side of a picture that is sent

const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const state = document.body.dataset;
const surface = new Surface(page.canvas, page.pen);
const digits = new Digits(page, backend);

let picture = null; // a Blob that was chosen, in place of the drawing
let flight = null; // the one request that is under way: its AbortController, and the version of the ink it asks about
let known = null; // the last reading, and the version of the ink that it is of
let failures = 0;
let retry = 0;
let stroke = 0; // how many were begun: a sign of which one is meant

/** The back end can answer; until then one is told why nothing happens. */
async function ready() {
  const patience = setTimeout(() => (page.sentence.textContent = "I am still loading; draw on."), PAUSE);
  await backend.ready.finally(() => clearTimeout(patience));
}

// --- reading -------------------------------------------------------------------------------------------------------

/** Read what is there now, in place of what is being read. Resolves to false if that failed. */
async function read() {
  flight?.abort();
  clearTimeout(retry);
  const own = (flight = Object.assign(new AbortController(), { version: surface.version }));
  const stale = () => own !== flight;
  let impatience;
  try {
    await ready();
    if (stale()) return true;
    impatience = setTimeout(() => own.abort(new BackendError(0, "no answer")), PATIENCE);
    const blob = picture ?? (await surface.picture());
    if (stale()) return true;
    const found = await backend.read(blob, { signal: own.signal });
    if (stale()) return true;
    const reading = picture ? found : surface.onSheet(found);
    failures = 0;
    known = { reading, version: own.version };
    show(reading);
    if (!page.card.textContent) showCard();
    return true;
  } catch (error) {
    if (stale()) return true;
    if (!surface.drawing) fail(error);
    return false;
  } finally {
    clearTimeout(impatience);
    if (!stale()) flight = null;
  }
}

/** No stroke is open: what is there now is to be read for good, unless that was done while it was drawn. */
function settle() {
  if (!picture && surface.empty) return showEmpty();
  state.state = "reading";
  if (known?.version === surface.version) return show(known.reading);
  if (flight?.version !== surface.version) return read();
}

/** Read again and again until the stroke ends, one request at a time, and most of the time none: it keeps others waiting. */
async function follow() {
  const own = ++stroke;
  let version;
  while (surface.drawing && own === stroke) {
    const began = performance.now();
    if (version !== surface.version) {
      version = surface.version;
      if (!(await read())) break;
    }
    const pause = Math.max(PAUSE, 2 * (performance.now() - began));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

// --- showing -------------------------------------------------------------------------------------------------------

function show(reading) {
  const settled = !surface.drawing;
  digits.show(reading, { at: picture ? null : surface.at, settled });
  showRows(reading.rows);
  page.sentence.textContent = settled || reading.number ? sentence(reading) : "…"; // it is too early to say no
  if (!settled) return;
  state.state = !reading.number ? "refused" : reading.accepted ? "read" : "unsure";
  announce(reading.rows);
}

function showRows(rows) {
  const lines = rows.map((row) => row.text);
  state.number = rows.map((row) => row.number).join("");
  page.number.replaceChildren(...lines.map((line) => Object.assign(document.createElement("span"), { textContent: line })));
  page.number.style.setProperty("--lines", Math.max(lines.length, 1));
  page.number.style.setProperty("--length", Math.max(...lines.map((line) => line.length), 1));
}

function showEmpty() {
  flight?.abort();
  flight = null;
  clearTimeout(retry);
  state.state = "empty";
  digits.show({ rows: [], others: [] });
  showRows([]);
  page.sentence.textContent = "Draw a digit.";
  announce([]);
}

/** What was read, in words. */
function sentence(reading) {
  const found = digitsOf(reading);
  const unsure = found.filter((digit) => !digit.accepted);
  if (!found.length && !reading.others.length) return picture ? "I can't find a digit on this picture." : "I can't find a digit yet.";
  if (!found.length) return reading.others.length > 1 ? "These don't look like digits." : "That doesn't look like a digit.";
  if (unsure.length > 1) return `I am not sure about ${unsure.length} of the ${found.length} digits.`;
  if (unsure.length) {
    const [one] = unsure;
    const [next] = one.alternatives;
    const none = 1 - one.probabilities.reduce((a, b) => a + b, 0);
    const doubt = next.confidence < none ? `is it a ${one.digit}, or not a digit?` : `${one.digit} or ${next.digit}?`;
    return found.length > 1 ? `I am not sure about one of them: ${doubt}` : `I am not sure: ${doubt}`;
  }
  if (!reading.accepted) return `I am not sure: ${reasonOf(reading)}.`;
  const rest = reading.others.length ? " Marks that are not numbers were left out." : "";
  return `I am ${percent(reading.confidence)} sure.${rest}`;
}

/** The first reason against a reading whose digits are all accepted. */
function reasonOf(reading) {
  const parts = [reading, ...reading.rows, ...reading.rows.flatMap((row) => row.words)];
  return parts.find(({ reason }) => reason)?.reason ?? "there are no digits";
}

/** For screen readers: only when a stroke is over, and sign by sign. */
function announce(rows) {
  const spoken = [...rows.map((row) => row.text).join("").replaceAll(" ", "")].join(" ");
  page.live.textContent = `${spoken && `${spoken}. `}${page.sentence.textContent}`;
  const sheet = picture ? "Your picture" : surface.empty ? "Sheet to draw on, empty" : "Sheet to draw on";
  page.canvas.setAttribute("aria-label", spoken ? `${sheet}. Read: ${spoken}` : sheet);
  enableTools();
}

function enableTools() {
  page.undo.disabled = Boolean(picture) || !surface.undoable;
  page.clear.disabled = !picture && surface.empty;
  if (document.activeElement.disabled) page.canvas.focus();
}

function fail(error) {
  const { status, detail, retryAfter } = error instanceof BackendError ? error : { status: -1, detail: String(error) };
  const again = (seconds) => (retry = setTimeout(settle, 1000 * seconds));
  failures += 1;
  if (status === 503) {
    state.state = "busy";
    page.sentence.textContent = "One moment, please …";
    return again(retryAfter ?? 1);
  }
  digits.show({ rows: [], others: [] });
  showRows([]);
  if (status === 0) {
    state.state = "offline";
    page.sentence.textContent = "No connection to the server. I will try again.";
    again(Math.min(2 ** (failures - 1), LONGEST_WAIT));
  } else if (status === 401) {
    state.state = "locked";
    page.sentence.textContent = sessionStorage.getItem("token") ? "This is not the right token." : "";
    page.login.hidden = false;
    page.token.focus();
  } else {
    state.state = "error";
    page.sentence.textContent = `That did not work: ${detail}.`;
  }
  announce([]);
}

async function showCard() {
  try {
    const { name, metadata } = await backend.model();
    const { test_errors: errors, test_images: images } = metadata;
    const tested = errors && images ? `: ${errors} mistakes on ${Number(images).toLocaleString("en")} digits it had never seen` : "";
    page.card.textContent = `The network is ${name}${tested}.`;
  } catch {
    page.card.textContent = ""; // it is asked again after the next reading
  }
}

// --- drawing -------------------------------------------------------------------------------------------------------

surface.addEventListener("start", () => {
  state.state = "drawing";
  enableTools();
  follow();
});
surface.addEventListener("end", settle);
surface.addEventListener("change", settle);

function clear() {
  if (picture) showPicture(null);
  surface.clear();
}

page.undo.addEventListener("click", () => surface.undo());
page.clear.addEventListener("click", clear);
addEventListener("keydown", (event) => {
  if (event.target === page.token) return;
  if (event.key === "Escape") clear();
  if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !picture) {
    event.preventDefault();
    surface.undo();
  }
});
addEventListener("online", () => state.state === "offline" && settle());

// --- pictures ------------------------------------------------------------------------------------------------------

/** Take a picture in place of the drawing; null: draw again. */
function showPicture(blob, shown = true) {
  URL.revokeObjectURL(page.picture.src);
  picture = blob;
  state.source = blob ? "picture" : "drawing";
  surface.enabled = !blob;
  surface.version += 1;
  page.picture.hidden = !blob || !shown;
  page["hidden-picture"].hidden = !blob || shown;
  if (blob && shown) page.picture.src = URL.createObjectURL(blob);
  else page.picture.removeAttribute("src");
}

async function take(file) {
  if (!file) return;
  surface.clear();
  const smaller = await shrunk(file);
  showPicture(smaller ?? file, smaller !== null);
  await settle();
}

/** The picture upright and no larger than need be; null if the browser cannot decode it. */
async function shrunk(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(scale * side)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff"; // behind what is transparent
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob(resolve, file.type === "image/png" ? "image/png" : "image/jpeg", 0.92));
}

page.choose.addEventListener("click", () => page.file.click());
page.file.addEventListener("change", () => {
  take(page.file.files[0]);
  page.file.value = ""; // the same one may be chosen again
});
addEventListener("paste", (event) => take(event.clipboardData.files[0]));
for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
  addEventListener(type, (event) => {
    event.preventDefault();
    page.paper.classList.toggle("target", type === "dragover");
    if (type === "drop") take(event.dataTransfer.files[0]);
  });
}

// --- permission ----------------------------------------------------------------------------------------------------

page.login.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", page.token.value);
  page.token.value = "";
  page.login.hidden = true;
  showCard();
  settle();
});

// --- start ---------------------------------------------------------------------------------------------------------

page.privacy.textContent = backend.privacy;
page.api.hidden = !backend.forPrograms;
showEmpty();
showCard();
