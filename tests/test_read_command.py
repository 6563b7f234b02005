"""The command `read`: its output formats, its annotated pictures, and its errors."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from conftest import Command
from PIL import Image
from test_reader import two_words

from mnist_cnn import mnist
from mnist_cnn.cli import cli
from mnist_cnn.read import read_image

PAGE = Path(__file__).parents[1] / "docs/pictures/page.jpg"


def run(*arguments: object, stdin: bytes | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, ["read", *map(str, arguments)], input=stdin)
    return done.exit_code, done.stdout, done.stderr


def test_a_page_is_printed_and_annotated(command: Command, tmp_path: Path) -> None:
    done = command("read", PAGE, "--annotate", tmp_path / "seen")
    assert done.returncode == 0, done.stderr
    assert "314159" in done.stdout
    assert "100" not in done.stdout  # no confidence is printed as 100 %
    with Image.open(tmp_path / "seen/page.png") as seen, Image.open(PAGE) as page:
        assert seen.width == page.width
        assert seen.height > page.height  # the tiles are below
    assert [file.name for file in (tmp_path / "seen").iterdir()] == ["page.png"]


def test_json_output_equals_the_library_result() -> None:
    code, output, _ = run(PAGE, PAGE, "--json")
    assert code == 0
    expected = {"file": str(PAGE), **read_image(PAGE).to_dict()}
    assert [json.loads(line) for line in output.splitlines()] == [expected, expected]


def test_standard_input_is_read_and_printed_as_csv() -> None:
    code, output, _ = run("-", "--csv", stdin=PAGE.read_bytes())
    assert code == 0
    (row,) = csv.DictReader(output.splitlines())
    assert row.keys() == {"file", "row", "text", "number", "confidence", "accepted", "reason"}
    assert (row["file"], row["row"], row["number"], row["accepted"], row["reason"]) == ("-", "1", "314159", "yes", "")


def test_words_are_separated_in_every_format(tmp_path: Path, dataset: mnist.Dataset) -> None:
    pixels, text = two_words(dataset.test)
    Image.fromarray(pixels).save(tmp_path / "row.png")
    assert f" {text} " in run(tmp_path / "row.png")[1]
    [row] = json.loads(run(tmp_path / "row.png", "--json")[1])["rows"]
    assert (row["number"], row["text"]) == (text.replace(" ", ""), text)
    assert [word["text"] for word in row["words"]] == text.split()
    (line,) = csv.DictReader(run(tmp_path / "row.png", "--csv")[1].splitlines())
    assert (line["number"], line["text"]) == (row["number"], text)
    assert run(tmp_path / "row.png", "--table") == (0, text.replace(" ", ",") + "\n", "")


def test_a_table_separates_pages_and_reports_unsure_words(tmp_path: Path, dataset: mnist.Dataset) -> None:
    pixels, text = two_words(dataset.test)
    sheets = [Image.fromarray(pixels), Image.fromarray(dataset.test.images[0])]
    sheets[0].save(tmp_path / "pages.tif", save_all=True, append_images=sheets[1:])
    code, output, errors = run(tmp_path / "pages.tif", "--table", "--threshold", 1)
    assert (code, output) == (0, text.replace(" ", ",") + "\n\n7\n")
    assert errors.splitlines() == [
        f"mnist-cnn: {tmp_path}/pages.tif#page=1: 2 words are unsure: row 1, column 1; row 1, column 2",
        f"mnist-cnn: {tmp_path}/pages.tif#page=2: 1 word is unsure: row 1, column 1",
    ]


def test_a_table_without_rows_is_empty_and_gives_the_reason(tmp_path: Path) -> None:
    Image.fromarray(np.full((200, 300), 255, np.uint8)).save(tmp_path / "blank.png")
    code, output, errors = run(tmp_path / "blank.png", "--table")
    assert (code, output) == (0, "")
    assert errors == f"mnist-cnn: {tmp_path / 'blank.png'}: no digit found\n"


@pytest.mark.parametrize("other", ["--json", "--csv"])
def test_a_table_excludes_the_other_formats(other: str) -> None:
    code, output, errors = run(PAGE, "--table", other)
    assert (code, output) == (2, "")
    assert f"--table cannot be given together with {other}" in errors
    assert run(PAGE, other, "--table")[2] == errors


def test_a_damaged_file_is_reported_and_the_others_are_read(tmp_path: Path, dataset: mnist.Dataset) -> None:
    for i in range(3):
        Image.fromarray(dataset.test.images[i]).save(tmp_path / f"{i}.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "0.png").read_bytes()[:60])
    (tmp_path / "notes.txt").write_text("no picture")
    code, output, errors = run(tmp_path)
    assert code == 1
    assert [line.split()[1] for line in output.splitlines()[1:]] == ["7", "2", "1"]
    assert errors.count("\n") == 1
    assert "broken.png: expected a whole picture, found" in errors


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing.png", "expected a picture, found no such file"),
        ("empty", "expected a folder with pictures, found none in it"),
        ("text.png", "found a file of another format"),
        ("zero.png", "found an empty file"),
    ],
)
def test_no_readable_picture_is_one_line_and_exit_code_2(
    command: Command, tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "zero.png").touch()
    done = command("read", name)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert name in done.stderr


def test_endless_standard_input_is_refused() -> None:
    with Path("/dev/zero").open("rb") as endless:
        program = [sys.executable, "-m", "mnist_cnn", "read", "-"]
        done = subprocess.run(program, stdin=endless, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "standard input: expected at most" in done.stderr


def test_a_letter_and_a_blank_page_are_refused(tmp_path: Path) -> None:
    letter = np.full((300, 300), 230, np.uint8)
    cv2.polylines(letter, [np.array([[60, 60], [100, 240], [150, 120], [200, 240], [240, 60]])], False, 40, 14)
    Image.fromarray(letter).save(tmp_path / "letter.png")
    Image.fromarray(np.full((300, 300), 230, np.uint8)).save(tmp_path / "blank.png")
    code, output, _ = run(tmp_path / "letter.png", tmp_path / "blank.png", "--json")
    assert code == 0
    for line in output.splitlines():
        reading = json.loads(line)
        assert not reading["accepted"]
        assert reading["number"] == ""
    assert "no digit found" in run(tmp_path / "blank.png")[1]
    assert "not a digit" in run(tmp_path / "letter.png")[1]


def test_the_options_digits_threshold_and_model_are_used(tmp_path: Path) -> None:
    assert len(json.loads(run(PAGE, "--json", "--digits", 5)[1])["number"]) == 5
    assert not json.loads(run(PAGE, "--json", "--threshold", 1)[1])["accepted"]
    (tmp_path / "model.onnx").write_bytes(b"no model")
    done = CliRunner().invoke(cli, ["read", str(PAGE), "--model", str(tmp_path / "model.onnx")])
    assert "model.onnx: expected a model file (.onnx)" in str(done.exception)


def test_an_annotated_picture_does_not_replace_the_original(tmp_path: Path) -> None:
    Image.open(PAGE).save(tmp_path / "page.png")
    before = (tmp_path / "page.png").read_bytes()
    assert run(tmp_path / "page.png", "--annotate", tmp_path)[0] == 0
    assert (tmp_path / "page.png").read_bytes() == before
    assert (tmp_path / "page-2.png").exists()


def test_an_unusable_annotation_folder_is_reported_first(command: Command, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    done = command("read", PAGE, "--annotate", "taken")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "taken: expected a folder for annotated pictures" in done.stderr


def test_empty_standard_input_is_reported() -> None:
    code, _, errors = run("-", stdin=b"")
    assert code == 2
    assert "standard input: expected a picture, found nothing" in errors


def test_an_empty_folder_does_not_stop_the_rest(tmp_path: Path) -> None:
    code, output, errors = run(tmp_path, PAGE)
    assert code == 1
    assert "314159" in output
    assert "expected a folder with pictures, found none in it" in errors


def test_a_file_name_with_a_line_break_stays_one_row(tmp_path: Path) -> None:
    file = tmp_path / "a\nb\x1b.jpg"
    file.write_bytes(PAGE.read_bytes())
    assert len(run(file)[1].splitlines()) == 2
    (row,) = csv.DictReader(run(file, "--csv")[1].splitlines(keepends=True))
    assert (row["file"], row["number"]) == (str(file), "314159")


def test_two_pictures_with_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.open(PAGE).save(tmp_path / folder / "page.png")
    assert run(tmp_path / "a", tmp_path / "b", "--annotate", tmp_path / "seen")[0] == 0
    assert {file.name for file in (tmp_path / "seen").iterdir()} == {"page.png", "page-2.png"}


@pytest.mark.parametrize("arguments", [("read", PAGE), ("--help",)], ids=["read", "help"])
def test_a_full_device_is_reported_in_one_line(arguments: tuple[object, ...]) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "mnist_cnn", *map(str, arguments)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "mnist-cnn: standard output: cannot be written: No space left on device\n"


def test_a_closed_output_pipe_is_silent() -> None:
    command = [sys.executable, "-m", "mnist_cnn", "read", *[str(PAGE)] * 3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_a_threshold_that_is_not_a_number_is_refused() -> None:
    code, _, errors = run(PAGE, "--threshold", "nan")
    assert code == 2
    assert "nan is not in the range" in errors


def test_names_that_cannot_be_opened_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, found in (("a" * 300, "File name too long"), (str(tmp_path / "file/x.png"), "Not a directory")):
        code, output, errors = run(name)
        assert (code, output) == (2, "")
        assert errors == f"mnist-cnn: {name}: expected a picture, found {found}\n"
