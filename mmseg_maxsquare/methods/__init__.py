"""The methods that need more than a loss on target predictions; one file each."""

from .adaptsegnet import AdaptSegNet
from .advent import AdvEnt, AdventMinEnt
from .adversarial import PatchDiscriminator
from .cross_city import CrossCity
from .dann import DANN
from .method import Method, Predictions

__all__ = [
    'DANN',
    'AdaptSegNet',
    'AdvEnt',
    'AdventMinEnt',
    'CrossCity',
    'Method',
    'PatchDiscriminator',
    'Predictions',
]
