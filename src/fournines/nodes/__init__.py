"""How a machine is reached: one byte pipe to ``python3`` per node, one batched request per question."""
