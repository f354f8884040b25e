"""What several tests need: tiny data sets and models, and where the repository is."""

from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
