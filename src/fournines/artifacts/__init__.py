"""How wants are written: one module per format, each with emit and parse."""
