"""Learning: training of networks on the dataset, their scores and their reports.

This is the heavy half of the package: most modules here import Keras and TensorFlow. ``pages`` trains the networks that
read pages.
"""

import os

# Keras and TensorFlow read these variables when they are first imported, so they are set before any module of this
# package imports them. The recipes need Keras on TensorFlow, whatever backend the user has chosen.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# oneDNN's convolutions are up to twice as fast. Without AVX-512, TensorFlow uses them only with this variable.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
