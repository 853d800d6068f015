"""What we break on purpose, with real clients watching."""
