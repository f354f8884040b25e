"""Small backbones with the weights of a trained network."""

from torch import Tensor, nn

from mmseg_maxsquare.models import DeepLabV2ResNet


def randomise(network: nn.Module) -> dict[str, Tensor]:
    """Weights and statistics as a trained network has them, put into the network."""
    state = network.state_dict()
    for name, value in state.items():
        if name.endswith('running_var'):
            value.uniform_(0.5, 2)
        elif name.endswith('running_mean') or name.endswith('bias'):
            value.normal_(std=0.1)
        elif value.dim() == 1:
            value.uniform_(0.8, 1.2)
    return network.state_dict()


def small_resnet(pretrained: str | None = None) -> DeepLabV2ResNet:
    """The 50-layer network, eight times narrower."""
    return DeepLabV2ResNet(pretrained, depth=50, base_channels=8, stem_channels=8)
