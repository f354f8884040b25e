"""Our step against the authors' procedure: python benchmarks/authors_procedure.py

Their procedure, reimplemented: both domains in fp32 and contiguous layout, the histogram of the
image-wise weights on the CPU, nothing fused. Network, sizes and optimizer are the same as ours.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from measure import COLUMNS, compare, report
from mmengine.optim import AmpOptimWrapper
from steps import arguments, build, default_size, model_config, optimizer, pair, training_step
from torch import Tensor, nn

ALPHA, DELTA, LAMBDA_T, LAMBDA_LOW = 0.2, 0.95, 0.1, 0.1


def main() -> None:
    args = arguments(__doc__).parse_args()
    device, size = torch.device(args.device), args.size or default_size(args.device)
    cfg = model_config(args.config)
    # One network object for both: on a CPU, the memory location of the weights has a larger effect.
    model = build(cfg, device)
    data = pair(size, model.num_classes)
    variants = {
        "authors' procedure": authors_step(model, data, device),
        'ours': training_step(model, data, optimizer(model)),
    }
    last = build(cfg, device).to(memory_format=torch.channels_last)
    variants['ours, channels_last'] = training_step(last, data, optimizer(last))
    if device.type == 'cuda':
        half = build(cfg, device).to(memory_format=torch.channels_last)
        amp = AmpOptimWrapper(optimizer=optimizer(half).optimizer, dtype='bfloat16')
        variants['ours, bf16, channels_last'] = training_step(half, data, amp)
    rows = compare(variants, args.repeats, device)
    about = f'{args.config}, {size[0]} x {size[1]}, batch 1+1, {args.repeats} repeats'
    path = args.out / 'authors_procedure.json'
    report("Our step against the authors' procedure", COLUMNS, rows, about, path, device)


def authors_step(model: nn.Module, data: dict, device: torch.device) -> Callable[[], None]:
    """Source forward and backward, target forward and backward, one update."""
    sgd = optimizer(model).optimizer
    source, target = (data['inputs'][d][0][None] for d in ('source', 'target'))
    label = data['data_samples']['source'][0].gt_sem_seg.data
    mean = model.data_preprocessor.mean

    def levels(image: Tensor) -> list[Tensor]:
        features = model.backbone(image.to(device).float() - mean)
        heads = (model.decode_head, model.auxiliary_head)
        return [
            F.interpolate(h(features), image.shape[2:], mode='bilinear', align_corners=True)
            for h in heads
        ]

    def step() -> None:
        sgd.zero_grad()
        truth = label.to(device).long()
        final, low = levels(source)
        loss = F.cross_entropy(final, truth, ignore_index=255)
        (loss + 0.1 * F.cross_entropy(low, truth, ignore_index=255)).backward()
        final, low = levels(target)
        loss = LAMBDA_T * authors_weighted_squares(final)
        guidance = authors_guidance(final, low)
        if bool((guidance != 255).any()):
            weight = LAMBDA_T * LAMBDA_LOW
            loss = loss + weight * F.cross_entropy(low, guidance, ignore_index=255)
        loss.backward()
        sgd.step()

    return step


def authors_weighted_squares(logits: Tensor) -> Tensor:
    """Squares weighted by the pixel's predicted class, with a histogram counted on the CPU."""
    p = F.softmax(logits, dim=1)
    images, classes, *_ = logits.shape
    weights = []
    for image in p.detach().argmax(1):
        counts = torch.histc(image.cpu().float(), bins=classes, min=0, max=classes - 1)
        product = counts**ALPHA * counts.sum() ** (1 - ALPHA)
        weights.append((1 / product.clamp(min=1)).to(p.device)[image])
    return -(p**2 * torch.stack(weights)[:, None]).sum() / (images * classes)


def authors_guidance(final: Tensor, low: Tensor) -> Tensor:
    """Class of the ensemble where any class of either level exceeds the threshold."""
    p_final, p_low = F.softmax(final, dim=1), F.softmax(low, dim=1)
    _, label = torch.max((p_final + p_low).detach() / 2, dim=1)
    sure = (p_final.max(1)[0] > DELTA) | (p_low.max(1)[0] > DELTA)
    label[~sure] = 255
    return label


if __name__ == '__main__':
    main()
