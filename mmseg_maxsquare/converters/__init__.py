"""Checkpoints of other code, converted and compared."""
