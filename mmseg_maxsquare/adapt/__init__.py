"""Adapting a model to one's own images: config, run, verdict, report, predictions."""
