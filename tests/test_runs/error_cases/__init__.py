"""Faults for tests/test_errors.py: what is planted, and what docs/errors.md says of it."""

from . import classification, config, data, fields, losses, methods, weights, work_dir  # noqa: F401  (they register their faults)
from .base import CASES, Case, Place, make_place

__all__ = ['CASES', 'Case', 'Place', 'make_place']
