/** The back end: the server that this page comes from. The one that needs no server is in ../browser/backend.js. */

import { BackendError } from "./problem.js";

export const backend = {
  /** It answers from now on. */
  ready: Promise.resolve(),
  /** What becomes of what is drawn. */
  privacy: "What you draw is read and forgotten: the server keeps no picture.",
  /** Whether programs can ask it too. */
  forPrograms: true,

  /** What is read on a picture (a Blob), with each digit's probabilities and tile. */
  async read(blob, { signal } = {}) {
    const type = blob.type.startsWith("image/") ? blob.type : "application/octet-stream";
    return ask("v1/read?detail=true", { method: "POST", body: blob, headers: { "content-type": type }, signal });
  },

  /** What the network sees of a tile (28 x 28 numbers): its first layer's maps, and how much hangs on which ink. */
  async explain(tile, { signal } = {}) {
    const body = JSON.stringify({ images: [tile] });
    return ask("v1/explain", { method: "POST", body, headers: { "content-type": "application/json" }, signal });
  },

  /** The model's card. */
  async model() {
    return ask("v1/model", {});
  },
};

async function ask(path, options) {
  const token = sessionStorage.getItem("token");
  const headers = { ...options.headers, ...(token && { authorization: `Bearer ${token}` }) };
  let response, content;
  try {
    response = await fetch(path, { ...options, headers });
    content = await response.json();
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!response) throw new BackendError(0, "no connection to the server");
    throw new BackendError(response.status, `the answer is no JSON (status ${response.status})`);
  }
  if (response.ok) return content;
  const seconds = Number(response.headers.get("retry-after"));
  throw new BackendError(response.status, content.detail ?? response.statusText, seconds || null);
}
