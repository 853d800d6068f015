"""What the examples render to, kept in files: a change in any output is a difference that someone reads."""
