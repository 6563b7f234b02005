"""Learning: from the dataset to a run's folder with a trained network, its score and its report.

The heavy half of the package. ``recipes`` is plain data; every other module here imports Keras and TensorFlow.
"""

import os

# They are read once, when Keras and TensorFlow are first imported, so they are set before any module of this
# package can do that. The recipes are of Keras on TensorFlow, whatever else the user has Keras run on elsewhere.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Without AVX-512 TensorFlow does not take oneDNN's convolutions by itself, which are up to twice as fast there too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
