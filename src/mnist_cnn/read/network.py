"""Network: an ONNX file as a session of ONNX Runtime.

>>> session = load("model.onnx", inputs, outputs)                                             # doctest: +SKIP
"""

import os
from collections.abc import Sequence
from pathlib import Path

import onnxruntime

from mnist_cnn.errors import ModelError

MAX_BYTES = 256 * 2**20
"""Maximum size of a model file."""
Port = tuple[str, str, int]
"""Name, type and number of axes of an input or output."""


def load(
    path: str | os.PathLike[str], inputs: Sequence[Port], outputs: Sequence[Port], threads: int = 1
) -> onnxruntime.InferenceSession:
    """Return the session of a model file.

    threads: number of threads of ONNX Runtime. One is the fastest for a few images.

    Raises ModelError if the file cannot be read, or does not have these inputs and outputs.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: expected a model file (.onnx), found: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise ModelError(f"{path}: expected a model of at most {MAX_BYTES >> 20} MB, found more")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # errors are raised instead
    try:
        # From bytes, so that a model cannot load other files that it refers to.
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        found = [[(v.name, v.type, len(v.shape)) for v in vs] for vs in (session.get_inputs(), session.get_outputs())]
    except Exception as error:  # the errors of ONNX Runtime have no common base class
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        reason = reason.rpartition(" : ")[2]  # after "[ONNXRuntimeError] : 7 : INVALID_PROTOBUF"
        raise ModelError(f"{path}: expected a model file (.onnx), found: {reason[:120]}") from None
    if found != [list(inputs), list(outputs)]:
        names = [", ".join(f"'{name}' ({axes} axes)" for name, _, axes in ports) for ports in (inputs, outputs, *found)]
        raise ModelError(
            f"{path}: expected one input {names[0]} and one output {names[1]}, as `mnist-cnn export` writes them, "
            f"found {names[2][:100]} and {names[3][:100]}"
        )
    return session
