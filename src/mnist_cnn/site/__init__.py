"""The site: the page to draw on as static files, with the reader and the network in the browser.

>>> from mnist_cnn.site.build import build
>>> build(Path("site"))                                     # npm has to be there             # doctest: +SKIP

The page is that of ``serve``; only its back end is another one. ``page/*.js`` copy ``read/*.py`` in JavaScript,
upon the same version of OpenCV, and a test holds them to the same answers.
"""
