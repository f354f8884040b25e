"""The analysis tools import each other by their plain names, as their commands do."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'tools/analysis'))
