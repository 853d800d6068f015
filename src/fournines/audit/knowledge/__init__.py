"""What programs say of themselves, kept as data: resource agents, options of OpenStack services."""
