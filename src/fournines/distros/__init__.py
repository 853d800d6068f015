"""Where distributions differ: one file each."""
