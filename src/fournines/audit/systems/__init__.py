"""What the documents of a cloud mean: one module per system, pure functions from a ``Cloud`` to its parts."""
