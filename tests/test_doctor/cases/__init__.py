"""Clean data and faults for test_check.py."""

from . import classification, config, files, pixels  # noqa: F401  (they register their faults)
from .base import FAULTS, FORMATS
from .sound import SOUND

__all__ = ['FAULTS', 'FORMATS', 'SOUND']
