"""Recipes: values that cannot change, and their records in config.json."""

import dataclasses
import doctest
import json

import pytest

from mnist_cnn.learn import recipes
from mnist_cnn.learn.layers import SGD, CategoricalCrossentropy
from mnist_cnn.learn.model import build
from mnist_cnn.learn.recipes import RECIPES, Recipe, recall, record


def test_the_examples_in_the_docstring_are_correct() -> None:
    assert doctest.testmod(recipes).failed == 0


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_a_recorded_recipe_can_be_read_again(recipe: Recipe) -> None:
    recorded = json.loads(json.dumps(record(recipe)))
    assert recall(recorded) == recipe
    assert recorded["lessons"] == recipe.augmentation, "the key of earlier versions"
    assert "augmentation" not in recorded


def test_a_recipe_recorded_by_version_0_2_can_be_read() -> None:
    """Its keys are those of a run of that version; the recipe had no `lessons` and `warping` before that."""
    recorded = {
        "name": "handwriting",
        "summary": "another text",
        "layers": [
            {"layer": "Conv2D", "filters": 24, "kernel_size": 3, "activation": "relu", "strides": 1, "padding": "same"},
            {"layer": "Flatten"},
            {"layer": "Dense", "units": 11, "activation": "softmax"},
        ],
        "target": None,
        "epochs": 2,
        "batch_size": 256,
        "optimizer": {"name": "SGD", "momentum": 0.9, "nesterov": True, "weight_decay": None},
        "loss": {"name": "CategoricalCrossentropy", "label_smoothing": 0.05},
        "learning_rate": 0.1,
        "warmup": 0.2,
        "kernel": False,
        "lessons": "handwriting",
        "warping": [0.5, 1.0],
        "held_out": True,
    }
    recipe = recall(recorded)
    assert (recipe.augmentation, recipe.warping, recipe.classes) == ("handwriting", (0.5, 1.0), 11)
    assert recipe.optimizer == SGD(momentum=0.9, nesterov=True)
    assert recipe.loss == CategoricalCrossentropy(label_smoothing=0.05)
    older = {key: value for key, value in recorded.items() if key not in ("lessons", "warping")}
    assert recall(older) == dataclasses.replace(recipe, augmentation=None, warping=(1.0, 1.0))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_recipes_are_frozen_and_their_summaries_have_the_number_of_parameters(recipe: object) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.epochs = 11  # type: ignore[attr-defined]
    assert f"{build(recipe).count_params():,} parameters" in recipe.summary  # type: ignore[arg-type, attr-defined]
    assert hash(recipe)
