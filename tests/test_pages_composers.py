"""Composers: the digits that they use, and how often batches are repeated."""

import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.learn.pages import composers


@pytest.mark.parametrize("echo", [0, 1, 3])
def test_each_new_batch_is_followed_by_earlier_ones(echo: int) -> None:
    new = iter(range(1000))
    batches = composers.echoed(lambda: next(new), echo, np.random.default_rng(0))
    drawn = np.array([next(batches) for _ in range(200 * (1 + echo))]).reshape(200, 1 + echo)
    assert np.array_equal(drawn[:, 0], np.arange(200))
    again = drawn[:, :1] - drawn[:, 1:]
    assert ((again >= 0) & (again < 100)).all()
    assert not echo or len(np.unique(again)) > 50


@pytest.mark.parametrize(("kind", "module"), [("finder", "finder_examples"), ("strings", "string_examples")])
def test_validation_digits_are_not_in_training(
    kind: str, module: str, dataset: mnist.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(digits: mnist.Digits, rng: np.random.Generator) -> None:
        assert len(digits.labels) == 55_000
        assert np.array_equal(digits.images, mnist.split(dataset.train)[0].images)
        raise InterruptedError

    monkeypatch.setattr(getattr(composers, module), "example" if kind == "finder" else "examples", stop)
    with pytest.raises(InterruptedError):
        composers.compose(kind, None, 0, 1)
