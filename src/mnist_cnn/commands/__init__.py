"""The commands of ``mnist-cnn``, one module per command. Each parses its options, calls the library and prints.

A command checks its arguments, files, folders and extras before it imports anything heavy.
"""
