"""Versions of what an adaptation ran with."""

from mmseg_maxsquare.runs.machine import describe_machine


def versions() -> str:
    """Python, PyTorch and the OpenMMLab stack in one line."""
    return '; '.join(describe_machine()[:3])
