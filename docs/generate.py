"""Make what the documents take from elsewhere: docs/cli.md from --help, the rest from benchmarks/results/.

    python docs/generate.py

A test fails when a document is not what this generates, so neither a number nor an option is ever typed by hand.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import deploy
import matplotlib.pyplot as plt
import numpy as np
import onnx
import performance
import reading as comparison
import scale
import scores
from click.testing import CliRunner

from mnist_cnn.cli import cli
from mnist_cnn.read.classifier import SHIPPED, Classifier

ROOT = Path(__file__).parents[1]
PAGE_MODELS = SHIPPED.parent
FILLED = ROOT / "README.md", ROOT / "docs/training.md"
"""Documents written by hand that have generated blocks."""
EARLIER_STEPS = {"finder": 21_100, "strings": 36_150}
"""Steps of the trainings before those that the metadata counts, which started from their weights (LOG.md)."""


def reference() -> str:
    """docs/cli.md: the help of every command, as it prints it."""
    pages = ["# The command line", "Made by `python docs/generate.py` from `--help`; not edited by hand."]
    for command in ([], *([name] for name in cli.commands)):
        title = " ".join(["mnist-cnn", *command])
        shown = CliRunner().invoke(cli, [*command, "--help"], prog_name="mnist-cnn", terminal_width=100)
        pages += [f"## {title}", f"```text\n{shown.output}```"]
    return "\n\n".join(pages) + "\n"


def results() -> str:
    """README's table: each recipe over its seeds, mean and standard deviation."""
    lines = [
        "| recipe | seeds | stops after epoch | training accuracy | test accuracy | errors of 10,000 | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for recipe, file in (("seed", "seeds.json"), ("fast", "seeds-fast.json"), ("dense", "seeds-dense.json")):
        result = json.loads((ROOT / "benchmarks/results" / file).read_text())

        def cell(column: str, scale: float, digits: int, result: dict = result) -> str:
            values = result[column]
            return f"{scale * values['mean']:.{digits}f} ± {scale * values['sd']:.{digits}f}"

        epochs = result["epochs"]
        stops = f"{epochs['min']} to {epochs['max']}" if epochs["min"] < epochs["max"] else f"{epochs['min']}"
        lines.append(
            f"| `{recipe}` | {result['stopped']} of {result['n']} reach the target | {stops} "
            f"| {cell('training_accuracy', 100, 2)} % | {cell('test_accuracy', 100, 2)} % "
            f"| {cell('errors', 1, 0)} | {cell('seconds', 1, 0 if result['seconds']['mean'] > 10 else 1)} |"
        )
    machine, versions = result["machine"], result["versions"]
    lines += [
        "",
        performance.wrapped(
            f"""
            Mean ± standard deviation over the seeds from 1 on, with {machine["cores"]} cores of an
            {machine["processor"]}, Python {versions["python"]}, Keras {versions["keras"]} and TensorFlow
            {versions["tensorflow"]}. Seconds are those of the epochs alone. The test set was scored once per run.
            """
        ),
    ]
    return "\n".join(lines)


SETS = {
    "photographs": "photographs of one digit, made by `benchmarks/photographs.py`",
    "photographed numbers": "photographs of five digits, half of them with some that touch",
    "uci": "UCI's digits, 8 × 8 pixels",
    "drawings": "drawn with a brush, one to three digits",
    "exams": "exam scans: faint, off centre, stray dots",
    "canvas": "drawn with a mouse",
    "sudoku": "photographed sudokus, grid lines at the edge",
    "optdigits": "UCI's digits, 32 × 32, stretched to the edges",
    "cheques": "amounts on bank cheques, printed background",
}


def reading() -> str:
    """README's other table: what is read right, of each set of pictures."""
    sets = json.loads((ROOT / "benchmarks/results/handwriting.json").read_text())["sets"]
    lines = ["| pictures | n | read right (95 % interval) | digits right | target |", "| --- | --- | --- | --- | --- |"]
    for name, meaning in SETS.items():
        row = sets[name]
        low, high = row["interval"]
        aims = {"strings": "whole", "digits": "digits"}
        targets = ", ".join(f"{100 * value:g} % {aims[kind]}" for kind, value in (row.get("targets") or {}).items())
        targets += "" if not targets or row["reached"] else ": missed"
        lines.append(
            f"| {meaning} | {row['n']:,} | {100 * row['strings']:.1f} % ({100 * low:.1f} to {100 * high:.1f}) "
            f"| {100 * row['digits']:.1f} % | {targets or '-'} |"
        )
    return "\n".join(
        [
            *lines,
            "",
            performance.wrapped(
                f"""
                Read with {row["machine"]["cores"]} cores of an {row["machine"]["processor"]} and ONNX Runtime
                {row["versions"]["onnxruntime"]}. Read right: the whole number. Digits right: by edit distance. Nothing
                was trained on these pictures. Some constants and rules of the reader were made while looking at the
                exams, the sudokus and the cheques ([LOG.md](LOG.md)).
                """
            ),
        ]
    )


def card() -> str:
    """The shipped model's card, src/mnist_cnn/read/models/README.md."""
    result = json.loads((ROOT / "benchmarks/results/refusal.json").read_text())
    machine = result["machine"]
    digits, others, about = result["digits"], result["no digits"], Classifier().metadata
    content = SHIPPED.read_bytes()
    n, accepted = digits["n"], digits["accepted"]
    risk = "\n".join(f"| {100 * part:g} % | {errors} | {100 * share:.2f} % |" for part, errors, share in _risk(digits))
    share, ece = 100 * digits["errors_among_accepted"] / accepted, digits["calibration_error"]
    refused = "\n".join(f"| {name} | {row['n']} | {row['refused']} |" for name, row in others.items())
    return f"""# handwriting.onnx

Made by `python docs/generate.py`; not edited by hand.

- **What it does**: one image in MNIST's form, float32 (n, 28, 28, 1), to the probabilities of the ten digits, float32
  (n, 10). What a row lacks to 1 is the probability that the image shows no digit.
- **What for**: reading handwritten digits on pictures, with `mnist-cnn read`. Not for decisions about money or people
  unless a person looks at what it is unsure of, and at some of what it is sure of.
- **Learnt from**: 55,000 of MNIST's training images, changed anew each epoch (`learn/augment.py`), pieces of numbers
  put together from them (`learn/numbers.py`), and drawings that are no digit (`learn/outliers.py`). Nothing else; the
  other 5,000 chose temperature and threshold.
- **Made by**: `mnist-cnn train --recipe handwriting`, seed {about["seed"]}, in 43 minutes on 2 cores that did other
  work as well, at commit {about["commit"]}. The threshold was chosen later (99.3 % of the
  validation digits pass; at that commit it was 99.4 %), the weights are the same.
- **File**: {len(content):,} bytes, SHA-256 `{hashlib.sha256(content).hexdigest()}`.
- **Score**: {about["test_errors"]} errors on MNIST's {int(about["test_images"]):,} test images.
- **Calibration**: temperature {float(about["temperature"]):.3f}; expected calibration error {ece:.4f} on the
  test images. At the threshold of {digits["threshold"]:.3f} it accepts {accepted:,} of them
  ({100 * accepted / n:.2f} %), {digits["errors_among_accepted"]} of those wrong ({share:.2f} %; the aim is 0.1 %
  at 99 %).

![What part of the accepted test digits is wrong, by how many are accepted](../../../../docs/pictures/risk.svg)

| accepted, most confident first | errors | of them |
| --- | --- | --- |
{risk}

Pictures without digits that were rejected by the whole reader, on {machine["cores"]} cores of an
{machine["processor"]} (letters in five fonts of Computer Modern, which no network has seen; random scribbles; the aim
is 98 % of all of them):

| pictures | n | rejected |
| --- | --- | --- |
{refused}

**Limits**: a 7 whose bar hangs down and a 1 with a long flag; scribbles that look like a digit; digits of other
scripts.

{page_card()}
**Licence**: the weights of all three files are learnt from MNIST, CC BY-SA 3.0.
"""


def page_card() -> str:
    """The part of the card about the two page networks."""
    finder, strings = (PAGE_MODELS / f"{name}.onnx" for name in ("finder", "strings"))
    return f"""# finder.onnx and strings.onnx

- **What they do**: the finder sees the local contrast of a grey picture, float32 (1, h, w, 2). For each cell of
  4 x 4 pixels it returns whether a digit, a sign or other writing is centred there, and its size. The string network
  sees the contrast of strips, float32 (n, 40, w, 2). For every 2 pixels it returns the log probabilities of 22 classes:
  ten digits, the signs `. , - / + x ÷ = ( )`, other writing, and nothing.
- **Learnt from**: composed pages (`learn/pages/scenes.py`). They show the first 55,000 of MNIST's training images, and
  digits and signs drawn from skeletons (`learn/pages/strokes.py`), on ruled, squared and printed paper, in tables,
  boxes and forms, beside print and letters from Debian's fonts. No other pictures. The confidence from which a word is
  accepted was chosen on composed pages with the other 5,000 images (`learn/acceptance.py`).
- **Made by**: `python -m mnist_cnn.learn.pages finder` and `strings`, {_steps(finder):,} and {_steps(strings):,}
  steps in several trainings, two of them on a GPU. Each started from the weights of the one before. The last
  one of the string network started from the mean of three (LOG.md, 2026-11-28).
{_file(finder)}
{_file(strings)}
- **Limits**: writing lower than about 12 pixels on a picture of 1,280 pixels; digits beside each other of very
  different size; digits that are cut off by the edge of the picture; rows that bend; printed numbers are other writing.
"""


def _steps(file: Path) -> int:
    """Return the number of steps of all trainings of a page network."""
    metadata = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    return EARLIER_STEPS[file.stem] + int(metadata["steps"])


def _file(file: Path) -> str:
    content = file.read_bytes()
    return f"- **{file.name}**: {len(content):,} bytes, SHA-256 `{hashlib.sha256(content).hexdigest()}`."


def _risk(digits: dict[str, Any]) -> list[tuple[float, int, float]]:
    """Of the test digits: the share accepted, most confident first, the errors among them, and their share."""
    ranks, n = np.array(digits["error_ranks"]), digits["n"]
    accepted = {part: round(part * n) for part in (1.0, 0.999, 0.995, 0.99, 0.98, 0.95, 0.9)}
    return [(part, int((ranks < k).sum()), float((ranks < k).sum() / k)) for part, k in accepted.items()]


def curve() -> str:
    """The card's picture, an SVG: what part of the accepted test digits is wrong, by how many are accepted."""
    digits = json.loads((ROOT / "benchmarks/results/refusal.json").read_text())["digits"]
    ranks, n = np.array(digits["error_ranks"]), digits["n"]
    accepted = np.unique([n * 9 // 10, *ranks[ranks > n * 9 // 10], *(ranks[ranks > n * 9 // 10] + 1), n])
    risk = np.searchsorted(ranks, accepted) / accepted
    with plt.rc_context(performance.STYLE):
        figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
        axes.plot(100 * accepted / n, 100 * risk, color="#1f5f8b", linewidth=2)
        share = digits["accepted"] / n
        axes.plot(100 * share, 100 * digits["errors_among_accepted"] / digits["accepted"], "o", color="#c0392b")
        axes.annotate(
            f"at its threshold: {100 * share:.2f} % accepted,\n{digits['errors_among_accepted']} of them wrong",
            (100 * share, 100 * digits["errors_among_accepted"] / digits["accepted"]),
            (-14, 26), textcoords="offset points", ha="right", color="#c0392b",
            arrowprops={"arrowstyle": "-", "color": "#c0392b"},
        )  # fmt: skip
        axes.set(
            xlabel="accepted of MNIST's test digits, most confident first (%)",
            ylabel="of those, wrong (%)",
            xlim=(90, 100.1),
            ylim=(0, None),
        )
        return performance.svg(figure)


def formats() -> str:
    """README's table of the forms a model is exported in."""
    result = json.loads((ROOT / "benchmarks/results/formats.json").read_text())
    lines = [
        "| form | bytes | loads in | one image | 99 of 100 in | errors | other digits than Keras | differs by |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in result["forms"].items():
        same = "-", "-"
        if name != "Keras":
            same = str(row["other_digits_than_keras"]), f"{row['largest_difference_to_keras']:.1e}"
        lines.append(
            f"| {name} | {row['bytes']:,} | {1000 * row['load_seconds']:.1f} ms | {1000 * row['seconds']:.2f} ms "
            f"| {1000 * row['seconds_p99']:.2f} ms | {row['errors']} | {same[0]} | {same[1]} |"
        )
    machine, versions, taken = result["machine"], result["versions"], result["reading"]
    return "\n".join(
        [
            *lines,
            "",
            f"Reading with it: {taken['photograph_seconds']:.2f} s for a photograph of 12 megapixels with five digits, "
            f"{taken['command_seconds']:.2f} s for the command from its start to its answer.",
            "",
            f"The recipe `handwriting`, one thread of an {machine['processor']}; Keras {versions['keras']}, ONNX "
            f"Runtime {versions['onnxruntime']}; errors and differences, of probabilities, on the {result['n']:,} test "
            "images.",
        ]
    )


def filled(text: str) -> str:
    """Return a document with its generated blocks made again."""
    blocks = {"speed": performance.headline(), "results": results(), "reading": reading(), "formats": formats()}
    blocks["compared"] = comparison.compared()
    for name, block in blocks.items():
        begin, end = f"<!-- begin: {name}, made by docs/generate.py -->", f"<!-- end: {name} -->"
        if begin in text:
            before, _, rest = text.partition(begin)
            _, _, after = rest.partition(end)
            text = f"{before}{begin}\n{block}\n{end}{after}"
    return text


if __name__ == "__main__":
    (ROOT / "docs/cli.md").write_text(reference(), "utf-8")
    (SHIPPED.parent / "README.md").write_text(card(), "utf-8")
    (ROOT / "docs/pictures/risk.svg").write_text(curve(), "utf-8")
    (ROOT / "docs/performance.md").write_text(performance.page(), "utf-8")
    (ROOT / "docs/pictures/speed.svg").write_text(performance.plot(), "utf-8")
    (ROOT / "docs/accuracy.md").write_text(scores.page(), "utf-8")
    (ROOT / "docs/pictures/accuracy.svg").write_text(scores.plot(), "utf-8")
    (ROOT / "docs/pictures/disputed.svg").write_text(scores.disputed(), "utf-8")
    (ROOT / "docs/deploy.md").write_text(deploy.page(), "utf-8")
    (ROOT / "docs/scale.md").write_text(scale.page(), "utf-8")
    (ROOT / "docs/reading.md").write_text(comparison.page(), "utf-8")
    for page in FILLED:
        page.write_text(filled(page.read_text("utf-8")), "utf-8")
