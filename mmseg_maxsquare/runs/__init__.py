"""One run as a whole: its config, what can be checked before it, its start."""
