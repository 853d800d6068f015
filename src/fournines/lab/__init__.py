"""Real machines on one machine: drivers, image, wires."""
