"""What a control plane is made of: one folder per system of the guide. ``LAYERS`` is the only registration."""
