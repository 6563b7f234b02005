"""Make what the documents take from elsewhere: docs/cli.md from --help, README's table from benchmarks/results/.

    python docs/generate.py

A test fails when a document is not what this generates, so neither a number nor an option is ever typed by hand.
"""

import json
from pathlib import Path

from click.testing import CliRunner

from mnist_cnn.cli import cli

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- begin: results, made by docs/generate.py -->", "<!-- end: results -->"


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
    for recipe, file in (("seed", "seeds.json"), ("dense", "seeds-dense.json")):
        result = json.loads((ROOT / "benchmarks/results" / file).read_text())

        def cell(column: str, scale: float, digits: int, result: dict = result) -> str:
            values = result[column]
            return f"{scale * values['mean']:.{digits}f} ± {scale * values['sd']:.{digits}f}"

        epochs = result["epochs"]
        stops = f"{epochs['min']} to {epochs['max']}" if epochs["min"] < epochs["max"] else f"{epochs['min']}"
        lines.append(
            f"| `{recipe}` | {result['stopped']} of {result['n']} reach the target | {stops} "
            f"| {cell('training_accuracy', 100, 2)} % | {cell('test_accuracy', 100, 2)} % "
            f"| {cell('errors', 1, 0)} | {cell('seconds', 1, 0)} |"
        )
    machine, versions = result["machine"], result["versions"]
    lines += [
        "",
        f"Mean ± standard deviation over the seeds 1 to {result['n']}, on {machine['cores']} cores of an "
        f"{machine['processor']}, Python {versions['python']}, Keras {versions['keras']}, TensorFlow "
        f"{versions['tensorflow']}; seconds are those of the epochs alone. The test set was scored once a run.",
    ]
    return "\n".join(lines)


def readme(text: str) -> str:
    """README.md with its table made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{results()}\n{END}{after}"


if __name__ == "__main__":
    (ROOT / "docs/cli.md").write_text(reference(), "utf-8")
    page = ROOT / "README.md"
    page.write_text(readme(page.read_text("utf-8")), "utf-8")
