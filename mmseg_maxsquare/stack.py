"""Checks which OpenMMLab stack is installed; the errors say how to install one that fits."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

# The two distributions have the same import names and overwrite each other's
# files. Versions: at least the first, below the second.
DISTRIBUTIONS = {
    'onedl': {
        'onedl-mmengine': ('0.10.12', '0.11'),
        'onedl-mmcv': ('2.3.6', '2.4'),
        'onedl-mmsegmentation': ('1.4.2', '1.5'),
    },
    'openmmlab': {
        'mmengine': ('0.10.7', '0.11'),
        'mmcv': ('2.1.0', '2.2'),
        'mmsegmentation': ('1.2.2', '1.3'),
    },
}
INSTALL = (
    'pip install "mmseg_maxsquare[onedl]" (maintained, wheels for current PyTorch) or '
    'pip install "mmseg_maxsquare[openmmlab]" (compiles mmcv) in a fresh virtual environment; '
    'in a clone, ".[onedl]" and ".[openmmlab]"'
)
# OneDL's mmseg logs this twice, about data sets for another product of OneDL.
ONEDL_LINE = 'Could not import OneDL'


def require_stack() -> None:
    """Reject an environment without a stack when a part of the package needs one.

    Raises:
        ImportError: States what was found and what to type.
    """
    if not check_stack():
        raise ImportError(
            'mmseg_maxsquare needs MMSegmentation (all but mmseg_maxsquare.losses); found none. '
            f'Type: {INSTALL}'
        )


def check_stack() -> bool:
    """Reject an environment with both distributions, or with one that does not fit.

    Returns:
        Whether there is a stack; the losses need none.

    Raises:
        ImportError: States what was found and what to type.
    """
    found = {name: _installed(packages) for name, packages in DISTRIBUTIONS.items()}
    present = [name for name, packages in found.items() if packages]
    listing = ', '.join(f'{p} {v}' for packages in found.values() for p, v in packages.items())
    if not present:
        return False
    if len(present) > 1:
        raise ImportError(
            'mmseg_maxsquare found packages of both OpenMMLab distributions, which overwrite each '
            f"other's files: {listing}. Type: {INSTALL}"
        )
    wanted = DISTRIBUTIONS[present[0]]
    versions = found[present[0]]
    wrong = [
        f'{package} {versions.get(package, "missing")} (needs >={low},<{high})'
        for package, (low, high) in wanted.items()
        if package not in versions or not _key(low) <= _key(versions[package]) < _key(high)
    ]
    if wrong:
        raise ImportError(
            f'mmseg_maxsquare does not fit the installed stack: {", ".join(wrong)}. '
            f'Type: pip install "mmseg_maxsquare[{present[0]}]" (in a clone: ".[{present[0]}]")'
        )
    return True


@contextmanager
def without_onedl_line() -> Iterator[None]:
    """Context for the import of mmseg that hides :data:`ONEDL_LINE`.

    The line is meant for debugging, but mmengine prints every message without a logger,
    whatever its level. Everything else that mmengine prints is shown.
    """
    from mmengine.logging import logger

    if hasattr(logger, 'print'):  # nested import of mmseg
        yield
        return
    # A module-level name that hides the built-in one.
    logger.print = lambda line: None if line == ONEDL_LINE else print(line)
    try:
        yield
    finally:
        del logger.print


def _installed(packages: dict) -> dict[str, str]:
    """Installed versions of the named packages."""
    versions = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def _key(number: str) -> tuple[int, ...]:
    """Release part of a version as integers: '2.1.0rc1+cpu' is (2, 1, 0)."""
    release = []
    for part in number.split('+')[0].split('.')[:3]:
        digits = part[: len(part) - len(part.lstrip('0123456789'))]
        if not digits:
            break
        release.append(int(digits))
    return tuple(release + [0] * (3 - len(release)))
