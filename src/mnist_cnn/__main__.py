"""``python -m mnist_cnn`` is ``mnist-cnn``."""

from mnist_cnn.cli import main

main()
