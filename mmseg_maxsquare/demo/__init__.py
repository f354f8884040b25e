"""The generated street world and the demo that adapts a model to it."""
