"""A whole run: its config, the checks before it, its start."""
