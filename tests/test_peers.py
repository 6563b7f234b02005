"""The comparison with other readers: all of them are joined into rows and scored by the same code."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import peers
import peers_rapidocr
import peers_readers
import peers_rows
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peers_rows import Case, Row, Word
from PIL import Image

from mnist_cnn import mnist

ROOT = Path(__file__).parents[1]


def word(text: str, left: float, top: float, height: float = 20, accepted: bool = False) -> Word:
    return Word(text, left, top, left + 12 * len(text), top + height, accepted)


def texts(*words: Word) -> list[str]:
    return [row.text for row in peers_rows.join_rows(list(words))]


def case(*written: str) -> Case:
    return Case("picture", (), list(written), ["".join(filter(str.isdigit, row)) for row in written])


def test_words_of_one_height_band_are_a_row_from_left_to_right() -> None:
    assert texts(word("71", 100, 3), word("65", 0, 0), word("72", 98, 41), word("67", 2, 40)) == ["65 71", "67 72"]


def test_a_low_sign_joins_the_row_of_the_digits_beside_it() -> None:
    assert texts(word("-", 0, 9, height=3), word("7", 20, 0)) == ["- 7"]


def test_a_slanted_row_is_joined_if_neighbours_overlap() -> None:
    assert texts(*(word("1", 30 * i, 3 * i) for i in range(5))) == ["1 1 1 1 1"]


def test_a_word_that_overlaps_two_rows_joins_the_nearer_one() -> None:
    assert texts(word("1", 0, 0), word("2", 0, 24), word("3", 50, 20)) == ["1", "2 3"]


def test_a_row_is_accepted_if_all_of_its_words_are() -> None:
    mixed = peers_rows.join_rows([word("1", 0, 0, accepted=True), word("2", 30, 0), word("3", 0, 40, accepted=True)])
    assert [row.accepted for row in mixed] == [False, True]


@given(st.permutations([word(str(10 * y + x), 60 * x, 30 * y) for y in range(3) for x in range(3)]))
def test_the_order_of_the_words_does_not_matter(words: list[Word]) -> None:
    assert [row.number for row in peers_rows.join_rows(words)] == ["012", "101112", "202122"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("5.490.=", "5.490.="),
        ("35×2+1", "35x2+1"),
        ("１２，５０", "12,50"),
        ("7 − 3 – 2", "7 - 3 - 2"),
        ("Examiner", ""),
        ("max5x", "5"),
        ("№ 3561", "3561"),
        ("", ""),
    ],
)
def test_digits_and_signs_are_kept(text: str, kept: str) -> None:
    assert peers_rows.numeric(text) == kept


@pytest.mark.parametrize(
    ("row", "same"),
    [("35 x 2 + 1", "35x2+1"), ("3 -", "3"), ("21.5  49", "21.5 49"), ("-7", "-7"), ("7/3/24", "7/3/24")],
)
def test_two_ways_to_write_a_row_compare_equal(row: str, same: str) -> None:
    assert peers_rows.plain(row) == peers_rows.plain(same) == same


def test_only_rows_in_order_count() -> None:
    assert peers_rows.in_order(["1", "2", "3"], ["1", "2", "3"]) == 3
    assert peers_rows.in_order(["2", "1", "3"], ["1", "2", "3"]) == 2
    assert peers_rows.in_order(["1", "x", "3"], ["1", "2", "3"]) == 2
    assert peers_rows.in_order([], ["1"]) == 0


def test_pages_are_scored_by_rows() -> None:
    cases = [case("12.5", "7 8"), case("40")]
    answers = [[Row("125", True), Row("7 8", False), Row("3561", True)], [Row("40", True), Row("-", False)]]
    assert peers_rows.score_pages(cases, answers) == {
        "n": 2,
        "rows": 3,
        "digits": 3,
        "written": 2,
        "whole": 1,
        "extra": 1,
        "accepted_right": 2,
        "accepted_wrong": 1,
    }


def test_crops_are_scored_by_pictures() -> None:
    cases = [case("2250"), case("178"), case("5"), case("6")]
    answers = [[Row("2.250.", True)], [Row("17", True), Row("-", False)], [], [Row("6", False)]]
    row = peers_rows.score_crops(cases, answers)
    assert row["n"] == 4
    assert row["whole"] == 2
    assert row["digits"] == pytest.approx(1 - 2 / 9)
    assert row["empty"] == 1
    assert (row["accepted_right"], row["accepted_wrong"]) == (1, 1)
    assert row["interval"][0] < 0.5 < row["interval"][1]


def test_words_are_taken_from_the_tsv_of_tesseract() -> None:
    head = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"
    lines = [
        "4\t1\t1\t1\t1\t0\t5\t6\t70\t8\t-1\t",
        "5\t1\t1\t1\t1\t1\t5\t6\t7\t8\t96.1\t12",
        "5\t1\t1\t1\t1\t2\t9\t6\t7\t8\t95\t ",
    ]
    assert peers_readers.parse_tsv("\n".join([head, *lines])) == [Word("12", 5, 6, 12, 14)]
    assert peers_readers.parse_tsv("") == []


def test_a_bright_digit_on_dark_becomes_dark_on_light_with_a_border() -> None:
    image = np.zeros((28, 28), np.uint8)
    image[10:18, 12:16] = 255
    prepared = peers_readers.prepare(image)
    assert prepared.shape == (140, 140)
    assert prepared[0, 0] == 255
    assert prepared[70, 70] == 0


def test_the_reader_of_this_project_is_called_by_its_python_api(dataset: mnist.Dataset, tmp_path: Path) -> None:
    image = np.full((60, 110), 255, np.uint8)
    image[16:44, 16:44] = 255 - dataset.test.images[0]
    image[16:44, 64:92] = 255 - dataset.test.images[0]
    file = tmp_path / "77.png"
    Image.fromarray(image).save(file)
    rows = peers_rows.join_rows(peers_readers.ours(file))
    assert "".join(row.number for row in rows) == "77"
    file.write_bytes(b"not a picture")
    assert peers_readers.ours(file) == []


def test_a_recogniser_limited_to_digits_decodes_digits_only() -> None:
    class Decoder:
        character = ("blank", "7", "Z", "2", " ")

        def __call__(self, scores: np.ndarray) -> str:
            return "".join(self.character[i] for i in scores[0].argmax(axis=1) if i)

    class Engine:
        class text_rec:  # noqa: N801
            postprocess_op = Decoder()

        def __call__(self, image: np.ndarray, **steps: bool) -> None:
            assert steps == peers_rapidocr.RECOGNISER_ONLY

    engine = Engine()
    peers_rapidocr.digits_only(engine)
    scores = np.array([[[0, 0.9, 0.1, 0, 0], [0, 0, 0.6, 0.4, 0], [0.2, 0, 0, 0, 0.8]]])
    assert engine.text_rec.postprocess_op(scores) == "72"


def test_a_row_is_stored_beside_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "RESULT", tmp_path / "peers.json")
    peers.store("cheques", "tesseract", {"n": 1})
    peers.store("cheques", "ours", {"n": 2})
    peers.store("pages, real", "ours", {"n": 3})
    peers.store("cheques", "tesseract", {"n": 4})
    assert peers.load() == {"pages, real": {"ours": {"n": 3}}, "cheques": {"ours": {"n": 2}, "tesseract": {"n": 4}}}
    assert list(json.loads((tmp_path / "peers.json").read_text())["sets"]["cheques"]) == ["ours", "tesseract"]


def test_stored_rows_are_measured_again_only_if_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "handwriting").mkdir()
    (tmp_path / "pages/labels.json").write_text("[]")
    monkeypatch.setattr(peers, "RESULT", tmp_path / "peers.json")
    peers.store("cheques", "ours", {"n": 1})
    measured = []
    monkeypatch.setattr(peers, "measure", lambda who, name, *_: measured.append((who, name)) or {"n": 2})
    arguments = ["peers.py", "--data", str(tmp_path), "--who", "ours", "--only", "cheques"]
    for more, expected in (
        ([], []),
        (["--limit", "1"], [("ours", "cheques")]),
        (["--again"], [("ours", "cheques")] * 2),
    ):
        monkeypatch.setattr("sys.argv", [*arguments, *more])
        peers.main()
        assert measured == expected
        assert peers.load()["cheques"]["ours"] == {"n": 2 if more == ["--again"] else 1}


def test_missing_pictures_are_one_line_and_exit_2(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks/peers.py"), "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "labels.json: not found" in done.stderr
