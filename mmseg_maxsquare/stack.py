"""Which OpenMMLab stack is installed, and what to type when none fits."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

# The two distributions carry the same import names and overwrite each other's
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
# What OneDL's mmseg says, twice, of its data sets for another product of OneDL.
ONEDL_LINE = 'Could not import OneDL'


def require_stack() -> None:
    """Refuse an environment without a stack, where a part of the package needs one.

    Raises:
        ImportError: Says what was found and what to type.
    """
    if not check_stack():
        raise ImportError(
            'mmseg_maxsquare needs MMSegmentation (all but mmseg_maxsquare.losses); found none. '
            f'Type: {INSTALL}'
        )


def check_stack() -> bool:
    """Refuse an environment with both distributions, or one that does not fit.

    Returns:
        Whether there is a stack; the losses need none.

    Raises:
        ImportError: Says what was found and what to type.
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
    """Around the import of mmseg: leave out :data:`ONEDL_LINE`.

    It is meant for debugging, but mmengine prints all that is logged to no logger,
    whatever its level. What else mmengine prints is shown.
    """
    from mmengine.logging import logger

    if hasattr(logger, 'print'):  # an import of mmseg inside another one
        yield
        return
    # A name of this module alone, which hides the built-in one.
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
