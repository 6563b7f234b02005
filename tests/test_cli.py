"""The command line: fast help, errors in one line, and the commands from training to report."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from mnist_cnn.cli import cli
from mnist_cnn.learn.recipes import RECIPES
from mnist_cnn.learn.run import Run

Command = Callable[..., subprocess.CompletedProcess[str]]
HEAVY = {
    "tensorflow",
    "keras",
    "jax",
    "ray",
    "matplotlib",
    "numba",
    "fastapi",
    "pydantic",
    "uvicorn",
    "pyarrow",
    "onnx",
}
HEAVY |= {"cv2", "onnxruntime"}  # needed to read a picture, not to report that it is missing


@pytest.mark.slow
def test_train_evaluate_report_and_resume(command: Command, tmp_path: Path) -> None:
    done = command("train", "--limit", 3000, "--epochs", 2, "--out", "run")
    assert done.returncode == 0, done
    assert done.stderr == ""
    for expected in (
        "Recipe  seed",
        "3,000 training images",
        "Epoch 2/2",
        "Test accuracy",
        "of 10,000",
        "report.html",
        "not reached",
    ):
        assert expected in done.stdout
    files = {file.name for file in (tmp_path / "run").iterdir()}
    assert files == {
        *("config.json", "history.csv", "model.keras", "model.onnx", "report.json", "report.html", "pictures")
    }
    score = json.loads((tmp_path / "run/report.json").read_text())["score"]

    again = CliRunner().invoke(cli, ["evaluate", str(tmp_path / "run")])
    assert again.exit_code == 0, again
    assert f"{score['accuracy']:.4f}   {score['errors']:,} errors of 10,000" in again.stdout
    assert "labels corrected" in again.stdout
    assert json.loads((tmp_path / "run/report.json").read_text())["score"] == score

    (tmp_path / "run/report.html").unlink()
    drawn = CliRunner().invoke(cli, ["report", str(tmp_path / "run")])
    assert (drawn.exit_code, drawn.stdout) == (0, f"{tmp_path}/run/report.html\n"), drawn

    model = (tmp_path / "run/model.keras").read_bytes()
    finished = command("train", "--resume", "run", MNIST_CNN_DATA="nowhere")
    assert finished.returncode == 0, finished
    assert "The run is finished" in finished.stdout
    assert "Epoch" not in finished.stdout
    assert (tmp_path / "run/model.keras").read_bytes() == model
    assert json.loads((tmp_path / "run/report.json").read_text())["score"] == score


def test_a_small_training_prints_its_course_and_can_be_resumed(tmp_path: Path) -> None:
    """In this process, and so in the fast tests."""
    folder = tmp_path / "run"
    settings = ["--recipe", "dense", "--limit", "200", "--epochs", "1", "--out", str(folder)]
    done = CliRunner().invoke(cli, ["train", *settings])
    assert done.exit_code == 0, done
    for expected in (
        f"Recipe  dense: {RECIPES['dense'].summary}\n",
        "Data    MNIST, in this package: 200 training images\n",
        "Rule    at most 1 epoch; stop when training accuracy is above 0.99\n",
        f"Run     {folder}\n",
        "on the training images, in epoch 1; the target of 0.99 was not reached\n",
        "errors of 10,000",
        f"Report             {folder}/report.html   (open it in a browser)\n",
    ):
        assert expected in done.stdout
    again = CliRunner().invoke(cli, ["train", "--resume", str(folder)])
    assert again.exit_code == 0, again
    assert "The run is finished; there is nothing to train." in again.stdout


def test_ctrl_c_says_how_to_resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mnist_cnn.learn.train.fit", fit)
    done = CliRunner().invoke(cli, ["train", "--out", str(tmp_path / "run")])
    assert done.exit_code == 130
    assert done.stderr.splitlines()[-2:] == [
        "Stopped by Ctrl-C: 0 finished epochs are kept. To resume:",
        f"  mnist-cnn train --resume {tmp_path / 'run'}",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "nowhere"], "nowhere: expected a run's folder"),
        (["report", "nowhere"], "nowhere: expected a run's folder"),
        (["train", "--resume", "nowhere"], "nowhere: expected a run's folder"),
        (["train", "--data", "nowhere"], "nowhere: expected a folder of IDX files or an mnist.npz, found nothing"),
    ],
)
def test_a_missing_path_is_one_line_and_exit_code_2(arguments: list[str], message: str, command: Command) -> None:
    done = command(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"mnist-cnn: {message}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--recipe", "deep"], "'deep' is not one of 'seed', 'fast', 'dense', 'handwriting', 'accurate', 'tiny'"),
        (["--epochs", "0"], "0 is not in the range"),
        (["--target", "99.5"], "99.5 is not in the range 0<x<=1"),
        (["--target", "nan"], "nan is not in the range"),
        (["--target", "high"], "'high' is not a valid number."),
        (["--seed", "1e3"], "'1e3' is not a valid integer."),
        (["--out", ""], "Invalid value for '--out': expected a path, found an empty one."),
        (["--wait", "5"], "--wait is for training on several machines; it needs --coordinator"),
        (["--limit", "0"], "0 is not in the range"),
        (["--seed", "-1"], "-1 is not in the range"),
        (
            ["--resume", "run", "--epochs", "3", "--batch-size", "8"],
            "cannot be given together with --epochs, --batch-size",
        ),
    ],
)
def test_invalid_options_are_explained(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(cli, ["train", *arguments])
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_run_without_a_model_tells_how_to_finish_it(command: Command, tmp_path: Path, run: Run) -> None:
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "config.json").write_bytes((run.path / "config.json").read_bytes())
    done = command("evaluate", unfinished)
    assert done.returncode == 2
    assert "expected a trained model.keras, found none; `mnist-cnn train --resume` finishes the run" in done.stderr


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00", "{}", '{"recipe": 3}', '{"recipe": {}, "seed": "x"}'])
def test_a_damaged_config_is_named(content: str, command: Command, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    done = command("evaluate", tmp_path)
    assert done.returncode == 2
    assert f"{tmp_path / 'config.json'}: expected " in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--recipe", "deep"],
        ["train", "--data", "nowhere"],
        ["train", "--out", "full"],
        ["train", "--out", "full/file"],
        ["train", "--out", ""],
        ["train", "--out", "full/file/new"],
        ["train", "--data", ""],
        ["train", "--wait", "5"],
        ["train", "--resume", "full"],
        ["train", "--processes", "3"],
        ["train", "--processes", "2", "--deterministic"],
        ["train", "--coordinator", "here", "--rank", "0", "--world", "2"],
        ["evaluate", "full"],
        ["report", "full"],
        ["export", "full"],
        ["export", ""],
        ["export", "full", "--out", ""],
        ["export", "full", "--out", "full"],
        ["export", "full", "--out", "no/such/model.onnx"],
        ["export", "full", "--format", "litert", "--quantize", "int8"],
        ["export", "full", "--format", "litert", "--out", "model.onnx"],
        ["ensemble", "full"],
        ["ensemble", "full", "full"],
        ["ensemble", "full", "full", "--out", "full/file/model.onnx"],
        ["leaderboard", "--results", "full"],
        ["leaderboard", "--results", "full/file"],
        ["read", "nowhere.png"],
        ["read", ""],
        ["read", "full"],
        ["read", "n" * 300],
        ["read", "nowhere.png", "--annotate", "new"],
        ["read", "full/file", "--threshold", "nan"],
        ["read", "full/file", "--model", "nowhere.onnx"],
        ["read", "full/file", "--annotate", "full/file"],
        ["read", "full/file", "--json", "--csv"],
        ["bulk", "nowhere.png", "--out", "out"],
        ["bulk", "full", "--out", "full"],
        ["bulk", "full", "--out", ""],
        ["bulk", "full", "--out", "full/file/new"],
        ["bulk", "full", "--out", "n" * 300],
        ["bulk", "full", "--out", "out", "--address", "head:6379"],
        ["bulk", "full", "--out", "out", "--model", "nowhere.onnx"],
        ["bulk", "full", "--out", "new"],
        ["serve", "--host", ""],
        ["serve", "--host", "192.0.2.1"],
        ["serve", "--token", "two words"],
        ["serve", "--allow-origin", "example.org/page"],
        ["serve", "--model", "nowhere.onnx"],
        ["site", "full"],
        ["read", "a" * 300],
        ["site", ""],
        ["site", "full/file/new"],
        ["site", "out", "--model", "nowhere.onnx"],
    ],
    ids=" ".join,
)
def test_a_refused_command_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("precious")
    code = """if True:
        import json, sys
        from mnist_cnn.cli import main
        try:
            main()
        except SystemExit as end:
            print(json.dumps([end.code, sorted(sys.modules)]))
    """
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=tmp_path)
    status, modules = json.loads(done.stdout.splitlines()[-1])
    assert (status, done.stderr.startswith(("mnist-cnn: ", "Usage: "))) == (2, True), done.stderr
    assert not {name.partition(".")[0] for name in modules} & HEAVY
    assert [str(file.relative_to(tmp_path)) for file in sorted(tmp_path.rglob("*"))] == ["full", "full/file"]
    assert (done.stdout.count("\n"), (tmp_path / "full/file").read_text()) == (1, "precious")


@pytest.mark.slow
def test_help_takes_less_than_half_a_second() -> None:
    best = min(_seconds([sys.executable, "-m", "mnist_cnn", "--help"]) for _ in range(5))
    assert best < 0.5


def _seconds(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(arguments, check=True, capture_output=True)
    return time.perf_counter() - began


@pytest.mark.slow
def test_another_keras_backend_in_the_environment_is_ignored(command: Command, run: Run) -> None:
    done = command("evaluate", run.path, KERAS_BACKEND="jax")
    assert done.returncode == 0, done
    assert done.stderr == ""


def test_tensorboard_is_required_only_by_its_option(tmp_path: Path) -> None:
    code = "import sys; sys.modules['tensorboard'] = None; from mnist_cnn.cli import main; main()"
    command = [sys.executable, "-c", code, "train", "--tensorboard", "--out", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("mnist-cnn: the Python package 'tensorboard' is missing")
    assert not (tmp_path / "run").exists()


def test_a_missing_extra_is_named_in_one_line(tmp_path: Path) -> None:
    """TensorFlow is hidden, as in an installation without extras."""
    code = (
        "import sys; sys.modules['tensorflow'] = None; sys.argv = ['mnist-cnn', 'train'];"
        "from mnist_cnn.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("mnist-cnn: the Python package 'tensorflow' is missing: this command needs the extra")
    assert "pip install 'mnist-cnn[train]'" in done.stderr
    assert done.stderr.count("\n") == 1
