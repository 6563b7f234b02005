/** The page: sends the drawing or a chosen picture to the back end and shows the reading. */

import { backend } from "./backend.js";
import { Surface } from "./canvas.js";
import { Digits } from "./digits.js";
import { BackendError } from "./problem.js";
import { sentence } from "./sentence.js";

const PAUSE = 60; // milliseconds between two readings while a stroke is open, at least
const TIMEOUT = 25_000; // milliseconds until a request without a response fails
const LONGEST_WAIT = 15; // seconds until the next attempt to connect, at most
const LARGEST = 1600; // pixels per side of a picture that is sent, at most

const page = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
const state = document.body.dataset;
const surface = new Surface(page.canvas, page.pen);
const digits = new Digits(page, backend);

let picture = null; // the Blob that was chosen; null: read the drawing
let request = null; // the open request: its AbortController, with the version of the ink it reads
let known = null; // the last reading, and the version of the ink it belongs to
let failures = 0; // in a row
let retry = 0; // timer of the next attempt
let stroke = 0; // number of the current stroke

/** Resolve when the back end is ready. Until then, say that the page is loading. */
async function ready() {
  const notice = setTimeout(() => (page.sentence.textContent = "Still loading. You can draw already."), PAUSE);
  await backend.ready.finally(() => clearTimeout(notice));
}

// --- reading -------------------------------------------------------------------------------------------------------

/** Read the current drawing or picture, and abort the open request. Resolves to false if that failed. */
async function read() {
  request?.abort();
  clearTimeout(retry);
  const own = (request = Object.assign(new AbortController(), { version: surface.version }));
  const stale = () => own !== request;
  let timeout;
  try {
    await ready();
    if (stale()) return true;
    timeout = setTimeout(() => own.abort(new BackendError(0, "no response")), TIMEOUT);
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
    if (!surface.drawing) showError(error);
    return false;
  } finally {
    clearTimeout(timeout);
    if (!stale()) request = null;
  }
}

/** After a stroke: show the final reading, which may be known already. */
function settle() {
  if (!picture && surface.empty) return showEmpty();
  state.state = "reading";
  if (known?.version === surface.version) return show(known.reading);
  if (request?.version !== surface.version) return read();
}

/** Read repeatedly until the stroke ends, with one request at a time and pauses for other clients. */
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
  page.sentence.textContent = settled || reading.number ? sentence(reading, Boolean(picture)) : "…"; // the digit may not be complete yet
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
  request?.abort();
  request = null;
  clearTimeout(retry);
  state.state = "empty";
  digits.show({ rows: [], others: [] });
  showRows([]);
  page.sentence.textContent = "Draw a digit.";
  announce([]);
}

/** Tell screen readers the reading after a stroke, one character at a time. */
function announce(rows) {
  const spoken = [...rows.map((row) => row.text).join("").replaceAll(" ", "")].join(" ");
  page.live.textContent = `${spoken && `${spoken}. `}${page.sentence.textContent}`;
  const area = picture ? "Your picture" : surface.empty ? "Drawing area, empty" : "Drawing area";
  page.canvas.setAttribute("aria-label", spoken ? `${area}. Read: ${spoken}` : area);
  enableTools();
}

function enableTools() {
  page.undo.disabled = Boolean(picture) || !surface.undoable;
  page.clear.disabled = !picture && surface.empty;
  if (document.activeElement.disabled) page.canvas.focus();
}

function showError(error) {
  const { status, detail, retryAfter } = error instanceof BackendError ? error : { status: -1, detail: String(error) };
  const again = (seconds) => (retry = setTimeout(settle, 1000 * seconds));
  failures += 1;
  if (status === 503) {
    state.state = "busy";
    page.sentence.textContent = "The server is busy. I'll try again.";
    return again(retryAfter ?? 1);
  }
  digits.show({ rows: [], others: [] });
  showRows([]);
  if (status === 0) {
    state.state = "offline";
    page.sentence.textContent = "No connection to the server. I'll try again.";
    again(Math.min(2 ** (failures - 1), LONGEST_WAIT));
  } else if (status === 401) {
    state.state = "locked";
    page.sentence.textContent = sessionStorage.getItem("token") ? "That token is not correct." : "";
    page.login.hidden = false;
    page.token.focus();
  } else {
    state.state = "error";
    page.sentence.textContent = `That didn't work: ${detail}.`;
  }
  announce([]);
}

async function showCard() {
  try {
    const { name, metadata } = await backend.model();
    const { test_errors: errors, test_images: images } = metadata;
    const tested = errors && images ? `, ${errors} errors on ${Number(images).toLocaleString("en")} test digits it had never seen` : "";
    page.card.textContent = `Model: ${name}${tested}.`;
  } catch {
    page.card.textContent = ""; // the next reading asks again
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

/** Show a picture in place of the drawing; null: show the drawing again. */
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

async function openPicture(file) {
  if (!file) return;
  surface.clear();
  const smaller = await shrunk(file);
  showPicture(smaller ?? file, smaller !== null);
  await settle();
}

/** The picture upright and with at most LARGEST pixels per side; null if the browser cannot decode it. */
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
  context.fillStyle = "#fff"; // behind transparent parts
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob(resolve, file.type === "image/png" ? "image/png" : "image/jpeg", 0.92));
}

page.choose.addEventListener("click", () => page.file.click());
page.file.addEventListener("change", () => {
  openPicture(page.file.files[0]);
  page.file.value = ""; // so that the same file can be chosen again
});
addEventListener("paste", (event) => openPicture(event.clipboardData.files[0]));
for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
  addEventListener(type, (event) => {
    event.preventDefault();
    page.paper.classList.toggle("target", type === "dragover");
    if (type === "drop") openPicture(event.dataTransfer.files[0]);
  });
}

// --- token ---------------------------------------------------------------------------------------------------------

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
page.api.hidden = !backend.hasApi;
showEmpty();
showCard();
