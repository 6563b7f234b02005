"""Recipes and layers: values that cannot change, and their records in config.json."""

import dataclasses
import doctest
import json

import pytest

from mnist_cnn.learn import layers, recipes
from mnist_cnn.learn.model import build
from mnist_cnn.learn.recipes import RECIPES, Recipe, recall, record


@pytest.mark.parametrize("module", [layers, recipes])
def test_the_examples_in_the_docstring_are_correct(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_a_recorded_recipe_can_be_read_again(recipe: Recipe) -> None:
    recorded = json.loads(json.dumps(record(recipe)))
    assert recall(recorded) == recipe
    assert recorded["lessons"] == recipe.augmentation, "the key of earlier versions"
    assert "augmentation" not in recorded


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_recipes_are_frozen_and_their_summaries_have_the_number_of_parameters(recipe: object) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.epochs = 11  # type: ignore[attr-defined]
    assert f"{build(recipe).count_params():,} parameters" in recipe.summary  # type: ignore[arg-type, attr-defined]
    assert hash(recipe)
