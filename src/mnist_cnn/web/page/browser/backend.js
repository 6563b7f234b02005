/** The back end that needs no server: the same reader and network, in a worker of this browser's. */

import { BackendError } from "./problem.js";

const worker = new Worker("worker.js", { type: "module" });
let waiting = null; // what to do with the answer
let busy = Promise.resolve(); // until the last question is answered

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
  privacy: "What you draw is read by your own device and goes nowhere.",
  forPrograms: false,

  /** What is read on a picture (a Blob), with each digit's probabilities and tile. */
  read: (blob, options) => ask("read", blob, options),

  /** What the network sees of a tile (28 x 28 numbers): its first layer's maps, and how much hangs on which ink. */
  explain: (tile, options) => ask("explain", tile, options),

  /** The model's card. */
  model: () => ask("model"),
};

/** One question after the other, so that one which is not asked yet can still be called off. */
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

navigator.serviceWorker?.register("offline.js"); // not on a page that came by plain http from another machine
