"""Reading: from a picture to the digits on it. This half needs no Keras and no TensorFlow.

>>> from mnist_cnn.read import read_image
>>> read_image("number.jpg").number                                                     # doctest: +SKIP
'4711'
"""

from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.lines import Box
from mnist_cnn.read.reader import Digit, Number, Reading, read_image

__all__ = ["Box", "Classifier", "Digit", "Number", "Reading", "read_image"]
