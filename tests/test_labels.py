"""Labels: every label has a character of its own, and the text of labels is their characters."""

from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn.read.labels import BLANK, NAMES, NEVER_FIRST, OTHER_WRITING, SIGNS, SLASH, text


def test_each_label_has_its_own_character() -> None:
    assert len(set(NAMES)) == len(NAMES) == BLANK == 21
    assert [NAMES.index(str(digit)) for digit in range(10)] == list(range(10))
    assert [NAMES[label] for label in range(10, OTHER_WRITING)] == list(SIGNS)
    assert (NAMES[SLASH], NAMES[OTHER_WRITING]) == ("/", "#")


def test_digits_and_signs_before_a_number_can_be_first() -> None:
    assert {NAMES[label] for label in range(OTHER_WRITING) if label not in NEVER_FIRST} == {*"0123456789", *".-+("}


@given(st.text(NAMES))
def test_the_text_of_labels_is_their_characters(written: str) -> None:
    assert text(NAMES.index(character) for character in written) == written
