/** The back end on the server of this page. ../browser/backend.js needs no server. */

import { BackendError } from "./problem.js";

export const backend = {
  /** Resolves when the back end is ready. */
  ready: Promise.resolve(),
  /** What happens to drawings and pictures. */
  privacy: "Your drawings and pictures are read on this server, which does not store them.",
  /** Whether there is an HTTP API. */
  hasApi: true,

  /** The reading of a picture (a Blob), with the probabilities and the tile of each digit. */
  async read(blob, { signal } = {}) {
    const type = blob.type.startsWith("image/") ? blob.type : "application/octet-stream";
    return ask("v1/read?detail=true", { method: "POST", body: blob, headers: { "content-type": type }, signal });
  },

  /** The maps of the first layer and the saliency for a tile (28 x 28 numbers). */
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
    throw new BackendError(response.status, `expected JSON, found another response (status ${response.status})`);
  }
  if (response.ok) return content;
  const seconds = Number(response.headers.get("retry-after"));
  throw new BackendError(response.status, content.detail ?? response.statusText, seconds || null);
}
