"""Training of one network by several processes, on one machine or several. Each learns from its share of each batch.

``world`` is the plain description of the processes. ``launch`` starts and watches those of this machine, and imports
nothing heavy. ``worker`` is what each process runs: Keras on JAX, which sums the gradients over all processes.
"""
