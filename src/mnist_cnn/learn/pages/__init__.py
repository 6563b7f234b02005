"""Pages: training of the networks that read pages, from composed pictures.

    python -m mnist_cnn.learn.pages strings --out runs/strings                              # or finder

Both networks are fully convolutional and learn only from composed scenes (``scenes``). The finder sees a whole picture.
For each cell of 4 x 4 pixels it returns whether a digit, a sign or other writing is centred there, and its size. The
string network sees a strip (``read.strips``). Every 2 pixels it returns which glyph is centred there.

The modules, from the bottom up: ``glyphs``, ``strokes``, ``fonts``, ``texts``, ``writing``, ``sheet``, ``layouts``,
``photograph`` and ``scenes`` compose pictures. ``string_examples`` and ``finder_examples`` make examples from them.
``composers``, ``networks``, ``steps``, ``checkpoint`` and ``training`` train. ``convnet_export`` writes ONNX files.
"""
