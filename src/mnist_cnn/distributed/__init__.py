"""Training one network by several processes, on this machine or on several: each learns from its share of each batch.

``launch`` starts and watches this machine's processes, and imports nothing heavy; ``worker`` is what they run: Keras on
JAX, whose gradients are summed over all of them.
"""
