/** The worker: reads and explains in the background, so that drawing is never blocked. */

import * as ort from "./onnxruntime.js";
import { Grid } from "./vision.js";
import { read } from "./reader.js";

const PATCH = 4; // as in web/insight.py
const STEP = 2;
const BATCH = 64; // tiles per batch of the classifier

ort.env.wasm.numThreads = 1; // more threads need headers that static hosts do not send
ort.env.wasm.wasmPaths = { wasm: new URL("ort-wasm-simd-threaded.wasm", import.meta.url).href };
const card = await (await fetch("model.json")).json();
const [network, finder, strings] = await Promise.all(
  ["model.onnx", "finder.onnx", "strings.onnx"].map((file) => ort.InferenceSession.create(file)),
);
const first = card.maps ? await ort.InferenceSession.create("first.onnx") : null;

const answers = {
  async read(blob) {
    const { pixels, size } = await gray(blob);
    return read(pixels, { finder: runFinder, strings: runStrings, classify, threshold: card.threshold }, size);
  },

  async explain(rows) {
    const tile = new Grid(28, 28, Float32Array.from(rows.flat()));
    return { maps: await maps(tile), saliency: await saliency(tile) };
  },

  async model() {
    return card;
  },
};

onmessage = async ({ data: { name, argument } }) => {
  try {
    postMessage({ answer: await answers[name](argument) });
  } catch (error) {
    postMessage({ error: String(error?.message ?? error) });
  }
};
postMessage({ ready: true });

/** The ten probabilities of each tile. */
async function classify(tiles) {
  const found = [];
  for (let start = 0; start < tiles.length; start += BATCH) {
    const some = tiles.slice(start, start + BATCH);
    const images = new Float32Array(784 * some.length);
    some.forEach((tile, i) => images.set(tile.data, 784 * i));
    const { probabilities } = await network.run({ image: new ort.Tensor("float32", images, [some.length, 28, 28, 1]) });
    found.push(...some.map((_, i) => [...probabilities.data.subarray(10 * i, 10 * i + 10)]));
  }
  return found;
}

/** The output of the finder for contrast, a Float32Array (h, w, 2). */
async function runFinder(contrast, height, width) {
  const { glyphs } = await finder.run({ picture: new ort.Tensor("float32", contrast, [1, height, width, 2]) });
  const [, rows, columns] = glyphs.dims;
  return { data: glyphs.data, rows, columns };
}

/** The output of the string network for the contrast of strips, a Float32Array (n, 40, w, 2). */
async function runStrings(contrast, count, width) {
  const { log_probabilities: output } = await strings.run({ strip: new ort.Tensor("float32", contrast, [count, 40, width, 2]) });
  return { data: output.data, frames: output.dims[1] };
}

/** The outputs of the first layer; none for a network that does not begin with a convolution. */
async function maps(tile) {
  if (!first) return [];
  const outputs = await first.run({ image: new ort.Tensor("float32", tile.data, [1, 28, 28, 1]) });
  const [{ data, dims }] = Object.values(outputs);
  const [, count, height, width] = dims;
  const row = (i) => [...data.subarray(i * width, (i + 1) * width)];
  return Array.from({ length: count }, (_, k) => Array.from({ length: height }, (_, y) => row(k * height + y)));
}

/** How much the best digit's probability falls when a pixel and those around it are erased, 28 x 28. */
async function saliency(tile) {
  const starts = Array.from({ length: Math.floor((28 - PATCH) / STEP) + 1 }, (_, i) => STEP * i);
  const corners = starts.flatMap((y) => starts.map((x) => [y, x]));
  const covers = ([y, x], i) => {
    const [row, column] = [Math.floor(i / 28) - y, (i % 28) - x];
    return row >= 0 && row < PATCH && column >= 0 && column < PATCH;
  };
  const inked = corners.filter((corner) => tile.data.some((value, i) => value > 0 && covers(corner, i)));
  const [whole, ...covered] = await classify([tile, ...inked.map((corner) => tile.map((value, i) => (covers(corner, i) ? 0 : value)))]);
  const best = whole.indexOf(Math.max(...whole));
  const falls = covered.map((probabilities) => Math.max(whole[best] - probabilities[best], 0));
  return Array.from({ length: 28 }, (_, y) => Array.from({ length: 28 }, (_, x) => {
    const i = 28 * y + x;
    if (!(tile.data[i] > 0)) return 0;
    const sum = inked.reduce((all, corner, k) => all + (covers(corner, i) ? falls[k] : 0), 0);
    return sum / corners.filter((corner) => covers(corner, i)).length;
  }));
}

/** The grey pixels of a picture, as Pillow converts them, and its size. */
async function gray(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    throw new Error("expected a picture that this browser can open");
  }
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff"; // behind transparent parts
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(width * height);
  for (let i = 0; i < pixels.length; i++) {
    const [red, green, blue] = [data[4 * i], data[4 * i + 1], data[4 * i + 2]];
    pixels[i] = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
  }
  return { pixels: new Grid(height, width, pixels), size: [width, height] };
}
