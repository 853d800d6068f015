"""What we show: console and JSON views of values; nothing here decides."""
