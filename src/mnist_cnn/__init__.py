"""A convolutional network that learns MNIST.

Data flows one way, from ``mnist`` (the images) through ``learn`` (training, score, report) to the files of a run.
Importing this package is light: Keras and TensorFlow are imported by the modules of ``learn`` only.

    >>> from mnist_cnn import mnist
    >>> (x_train, y_train), (x_test, y_test) = mnist.load()
    >>> x_train.shape
    (60000, 28, 28)
"""
