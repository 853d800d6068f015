"""The agents: a module each, named as the agent but with underscores. ``AGENT`` is what the launcher runs."""
