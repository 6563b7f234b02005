"""Ensemble: several trained networks as one ONNX file that returns the mean of their probabilities.

    >>> write([Run.open(folder) for folder in folders], Path("ensemble.onnx"))              # doctest: +SKIP

Networks that differ only in their seed make different mistakes, so their mean makes fewer (Hansen & Salamon 1990,
"Neural Network Ensembles"). The file is used like any other: by ``Classifier``, `mnist-cnn read --model` and so on.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

from onnx import ModelProto, checker, compose, helper, load, save

from mnist_cnn.errors import RunError
from mnist_cnn.files import replacing
from mnist_cnn.learn.run import Run


def write(runs: Sequence[Run], path: Path, **more: str) -> None:
    """Write the mean of the runs' networks to `path`, with their recipes and seeds and with `more` as metadata.

    Raises RunError if a run is not trained, if the runs have different training images, or if two networks are equal.
    """
    for run in runs:
        if path.resolve().parent == run.path.resolve():
            raise RunError(f"{path}: expected a file outside the runs, found one in {run.path}; use another --out")
    models = [_model(run) for run in runs]
    about = [{entry.key: entry.value for entry in model.metadata_props} for model in models]
    for run, model, own in zip(runs, models, about, strict=True):
        config = run.config()
        if (own.get("recipe"), own.get("seed")) != (config["recipe"]["name"], str(config["seed"])) or not (
            {"dataset", "commit", "classes"} <= own.keys() and [value.name for value in model.graph.input] == ["image"]
        ):
            raise RunError(
                f"{run.path}: expected a model.onnx of this run, found another; `mnist-cnn export` rewrites it"
            )
        if own["dataset"] != about[0]["dataset"]:
            raise RunError(f"{run.path}: expected the same training images as {runs[0].path}, found others")
    for (one, model), (other, twin) in itertools.combinations(zip(runs, models, strict=True), 2):
        if model.graph.initializer == twin.graph.initializer:
            raise RunError(
                f"{other.path}: expected a network that differs from {one.path}, found the same; "
                "train one of them with another --seed"
            )
    graph = models[0].graph
    nodes, weights, outputs = [], [], []
    for number, model in enumerate(models, 1):
        member = compose.add_prefix(model, f"member_{number}/", rename_inputs=False).graph
        nodes += member.node
        weights += member.initializer
        outputs.append(member.output[0].name)
    nodes.append(helper.make_node("Mean", outputs, ["probabilities"], name="mean"))
    joined = helper.make_graph(nodes, "ensemble", graph.input, graph.output, weights)
    content: ModelProto = helper.make_model(joined, opset_imports=models[0].opset_import, ir_version=8)
    members = ", ".join(f"{own['recipe']} with seed {own['seed']}" for own in about)
    shared = {key: about[0][key] for key in ("classes", "dataset", "commit")}
    helper.set_model_props(content, {"recipe": "ensemble", "members": members, **shared, **more})
    checker.check_model(content, full_check=True)
    with replacing(path) as temporary:
        save(content, temporary)


def _model(run: Run) -> ModelProto:
    if not run.model.exists():
        raise RunError(
            f"{run.path}: expected a trained network, found none; `mnist-cnn train --resume` finishes the run"
        )
    try:
        return load(run.path / "model.onnx")
    except Exception as error:  # protobuf's errors have no common root with the system's
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RunError(
            f"{run.path}: expected a model.onnx, found: {reason[:120]}; `mnist-cnn export` rewrites it"
        ) from None
