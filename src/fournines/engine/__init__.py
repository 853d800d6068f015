"""Making it so: compile, graph, plan, apply, observe, verify, journal."""
