"""Training of the page networks: the command, its errors, and checkpoints (steps, checkpoint, training, __main__)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mnist_cnn.errors import RunError
from mnist_cnn.learn.pages import __main__ as pages
from mnist_cnn.learn.pages.training import BATCHES, export
from mnist_cnn.read.finder import Finder
from mnist_cnn.read.strings import Strings


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mnist_cnn.learn.pages", *map(str, arguments)],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_help_explains_each_option_and_has_examples() -> None:
    done = command("--help")
    assert done.returncode == 0
    assert "python -m mnist_cnn.learn.pages strings --out runs/strings" in done.stdout
    for line in done.stdout[done.stdout.index("Options:") :].splitlines()[1:]:
        if line.startswith("  -"):
            assert line.rstrip().endswith((".", "]", "for", "[default:")), line


def test_a_wrong_option_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = command("strings", "--out", tmp_path, "--steps", "many")
    assert done.returncode == 2
    assert done.stderr == "mnist_cnn.learn.pages: Invalid value for '--steps': 'many' is not a valid integer.\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--steps", "0"], "steps: expected 1 or more, found 0"),
        (["--threads", "0"], "threads: expected 1 or more, found 0"),
        (["--composers", "0"], "composers: expected 1 or more, found 0"),
        (["--batch", "-1"], "batch: expected 1 or more, found -1"),
        (["--echo", "-1"], "echo: expected 0 or more, found -1"),
        (["--seed", "-1"], "seed: expected 0 or more, found -1"),
        (["--rate", "nan"], "rate: expected a positive number, found nan"),
        (["--rate", "0"], r"rate: expected a positive number, found 0\.0"),
        (["--start", "missing.npz"], r"missing\.npz: expected a checkpoint weights\.npz, found no file"),
    ],
)
@pytest.mark.parametrize("kind", BATCHES)
def test_values_out_of_range_are_named(kind: str, options: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=f"^{message}$"):
        pages.command.main([kind, "--out", str(tmp_path / "run"), *options], standalone_mode=False)
    assert not (tmp_path / "run").exists()


def test_unusable_files_are_named(tmp_path: Path) -> None:
    file = tmp_path / "weights.npz"
    file.write_bytes(b"PK nonsense")
    for options, message in (
        (["--out", str(file)], "weights.npz: expected a folder or a new name, found: File exists"),
        (["--out", str(file / "below")], "below: expected a folder or a new name, found: Not a directory"),
        (
            ["--out", str(tmp_path)],
            "weights.npz: expected a checkpoint weights.npz, found another file or a damaged one",
        ),
        (["--out", str(tmp_path / "new"), "--start", str(file)], "found another file or a damaged one"),
    ):
        with pytest.raises(RunError, match=message):
            pages.command.main(["strings", *options], standalone_mode=False)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--jax"]], ids=["tensorflow", "jax"])
@pytest.mark.parametrize("kind", BATCHES)
def test_a_training_resumes_from_its_checkpoint(kind: str, options: list[str], tmp_path: Path) -> None:
    """Three steps, then two more. 20 to 60 seconds."""
    steps, weights = [], []
    for total in (3, 5, 5):
        done = command(kind, "--out", tmp_path / "run", "--steps", total, "--batch", 2, *options)
        assert done.returncode == 0, done.stderr
        steps += [json.loads(line)["step"] for line in done.stdout.splitlines()]
        with np.load(tmp_path / "run" / "weights.npz") as file:
            assert int(file["step"]) == total
            assert int(file["o0"]) == total, "the optimizer's own count of steps"
            weights.append([file[name] for name in file.files if name.startswith("w")])
    assert steps == [3, 5], "the third call has nothing left to do"
    assert not all(np.array_equal(a, b) for a, b in zip(weights[0], weights[1], strict=True))
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [f"{kind}.onnx", "weights.npz"]
    (Finder if kind == "finder" else Strings)(tmp_path / "run" / f"{kind}.onnx")
    other = next(name for name in BATCHES if name != kind)
    start = tmp_path / "run" / "weights.npz"
    done = command(other, "--out", tmp_path / "other", "--steps", 1, "--batch", 2, "--start", start)
    assert done.returncode == 2
    assert f"expected a checkpoint of the network '{other}', found one of another" in done.stderr.splitlines()[-1]


def test_the_reader_loads_the_network_of_a_checkpoint(tmp_path: Path) -> None:
    kept = Path(__file__).parents[1] / "benchmarks" / "networks"
    for kind, network in (("finder", Finder), ("strings", Strings)):
        export(kind, kept / f"{kind}.npz", tmp_path / f"{kind}.onnx")
        network(tmp_path / f"{kind}.onnx")
    with pytest.raises(RunError, match="expected a checkpoint of the network 'finder'"):
        export("finder", kept / "strings.npz", tmp_path / "other.onnx")
