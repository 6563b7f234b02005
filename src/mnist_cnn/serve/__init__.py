"""Serving: the reader over HTTP, and a page to draw on. It needs the extra ``web``, and no TensorFlow.

>>> from mnist_cnn.serve.app import create
>>> app = create(Classifier())                              # for any ASGI server                      # doctest: +SKIP
"""
