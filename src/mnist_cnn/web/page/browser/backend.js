/** The back end without a server: the same reader and network, in a worker of this browser. */

import { BackendError } from "./problem.js";

const worker = new Worker("worker.js", { type: "module" });
let waiting = null; // resolves or rejects the open question
let busy = Promise.resolve(); // resolves when all earlier questions are answered

const ready = new Promise((resolve, reject) => {
  worker.addEventListener("error", ({ message }) => reject(new BackendError(500, message || "the reader could not be loaded")));
  worker.addEventListener("message", ({ data }) => {
    if (data.ready) resolve();
    else if (data.error === undefined) waiting.resolve(data.answer);
    else waiting.reject(new BackendError(422, data.error));
  });
});

export const backend = {
  ready,
  privacy: "Your drawings and pictures are read on your own device and are not sent anywhere.",
  hasApi: false,

  /** The reading of a picture (a Blob), with the probabilities and the tile of each digit. */
  read: (blob, options) => ask("read", blob, options),

  /** The maps of the first layer and the saliency for a tile (28 x 28 numbers). */
  explain: (tile, options) => ask("explain", tile, options),

  /** The model's card. */
  model: () => ask("model"),
};

/** Ask the worker one question at a time, so that waiting questions can be aborted. */
async function ask(name, argument, { signal } = {}) {
  await ready;
  const answer = busy.then(() => {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      worker.postMessage({ name, argument });
    });
  });
  busy = answer.catch(() => {});
  return answer;
}

navigator.serviceWorker?.register("offline.js"); // browsers have none for pages over plain http from another machine
