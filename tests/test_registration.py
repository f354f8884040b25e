"""A light import, after which mmseg's registries know our components; in fresh processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.logging import HistoryBuffer

from tests.helpers import REPO

LOOK_UP = """
from mmseg_maxsquare.losses import MaxSquareLoss
from mmseg import registry
assert registry.MODELS.get('MaxSquareLoss') is MaxSquareLoss
names = dict(MODELS='UDAEncoderDecoder', MODEL_WRAPPERS='UDADistributedDataParallel',
             DATASETS='UDADataset', DATA_SAMPLERS='UDASampler', TRANSFORMS='LoadImage',
             HOOKS='UDAHook', LOOPS='ResumableTrainLoop', PARAM_SCHEDULERS='InverseDecayLR',
             METRICS='SubsetIoUMetric')
found = {name: getattr(registry, key).get(name) for key, name in names.items()}
assert all(found.values()), found
"""
CONFIG = """
from mmengine.config import Config
Config.fromfile('config.py')
"""
# The same without packages of a stack, whatever is installed.
NO_STACK = """
import importlib.metadata, sys
from importlib.abc import MetaPathFinder
class Without(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('mmseg', 'mmcv', 'mmengine', 'numpy'):
            raise ModuleNotFoundError(name)
def version(name):
    raise importlib.metadata.PackageNotFoundError(name)
importlib.metadata.version = version
"""


def python(code: str, cwd: Path) -> str:
    """Output of code in a fresh process."""
    env = {**os.environ, 'PYTHONPATH': str(REPO), 'OMP_NUM_THREADS': '1'}
    command = [sys.executable, '-W', 'ignore', '-c', code]
    process = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.parametrize(
    'before',
    [
        'import mmseg_maxsquare',
        CONFIG,
        f'import mmseg_maxsquare\n{CONFIG}',
        f'{CONFIG}\nimport mmseg_maxsquare',
        'import mmseg.models\nimport mmseg_maxsquare',
        'import mmseg.utils; mmseg.utils.register_all_modules()\nimport mmseg_maxsquare',
        'import mmseg_maxsquare\nimport mmseg.datasets, mmseg.models',
        'import mmseg_maxsquare.engine',
        'import mmseg_maxsquare.evaluation, mmseg_maxsquare.datasets',
    ],
)
def test_registries_know_our_components(before: str, tmp_path: Path) -> None:
    (tmp_path / 'config.py').write_text(
        "custom_imports = dict(imports=['mmseg_maxsquare'], allow_failed_imports=False)"
    )
    python(before + LOOK_UP, tmp_path)


def test_import_loads_neither_torch_nor_mmengine(tmp_path: Path) -> None:
    code = "import sys, mmseg_maxsquare; print({'torch', 'mmengine', 'mmseg'} & set(sys.modules))"
    assert python(code, tmp_path).strip() == 'set()'


def test_losses_load_no_mmseg(tmp_path: Path) -> None:
    code = "import sys, mmseg_maxsquare.losses; print('mmseg' in sys.modules)"
    assert python(code, tmp_path).strip() == 'False'


def test_parts_are_attributes(tmp_path: Path) -> None:
    code = 'import mmseg_maxsquare as m; print(m.models.UDAModel.__name__, hasattr(m, "none"))'
    assert python(code, tmp_path).split() == ['UDAModel', 'False']


def test_torch_loads_checkpoints(tmp_path: Path) -> None:
    """After our import alone, by PyTorch's own default."""
    torch.save(dict(history=HistoryBuffer([1.0, 2.0], [1, 1])), tmp_path / 'a.pth')
    code = "import mmseg_maxsquare, torch; print(torch.load('a.pth')['history'].mean())"
    for order in (code, code.replace('mmseg_maxsquare, torch', 'torch, mmseg_maxsquare')):
        assert python(order, tmp_path).strip() == '1.5'


def test_without_a_stack(tmp_path: Path) -> None:
    """The losses work; all else says what to type."""
    code = f"""{NO_STACK}
import torch
sys.meta_path.insert(0, Without())
import mmseg_maxsquare
from mmseg_maxsquare.losses import MaxSquareLoss, max_square_loss
print(round(max_square_loss(torch.zeros(1, 4, 2, 2)).item(), 4), MaxSquareLoss().loss_name)
for part in ('models', 'datasets.gta5'):
    try:
        __import__('mmseg_maxsquare.' + part)
    except ImportError as error:
        print(error)
"""
    loss, *messages = python(code, tmp_path).splitlines()
    assert loss == '-0.125 loss_max_square'
    assert len(messages) == 2
    assert all('found none. Type: pip install' in message for message in messages)


def test_spawned_worker(tmp_path: Path) -> None:
    """A worker that is not forked imports what it needs by itself."""
    (tmp_path / 'spawn.py').write_text(
        'import torch\n'
        'import mmseg_maxsquare\n'
        'from mmseg.registry import TRANSFORMS\n'
        'class Data(torch.utils.data.Dataset):\n'
        '    def __init__(self): self.step = TRANSFORMS.build(dict(type="RandomGaussianBlur"))\n'
        '    def __len__(self): return 2\n'
        '    def __getitem__(self, i): return type(self.step).__module__\n'
        'if __name__ == "__main__":\n'
        '    loader = torch.utils.data.DataLoader(Data(), num_workers=1,\n'
        '                                         multiprocessing_context="spawn")\n'
        '    print(*[batch[0] for batch in loader])\n'
    )
    env = {**os.environ, 'PYTHONPATH': str(REPO), 'OMP_NUM_THREADS': '1'}
    process = subprocess.run(
        [sys.executable, '-W', 'ignore', 'spawn.py'],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
    )
    assert process.stdout.split() == ['mmseg_maxsquare.datasets.transforms'] * 2, process.stderr
