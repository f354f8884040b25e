"""What test_uda_distributed.py runs in each process, as a module: RANK FOLDER."""

import faulthandler
import sys
from pathlib import Path

import torch
from mmengine.optim import OptimWrapper, build_optim_wrapper
from torch import nn

from mmseg_maxsquare.engine import UDADistributedDataParallel

from tests.helpers.tiny_models import build_model, low_head_cfg, plain_cfg, uda_batch, uda_cfg

STEPS = 5
SECONDS = 240  # until a rank that hangs says where, and ends
GUIDANCE = dict(threshold=0.4, loss_weight=0.5)
ADVERSARIAL = dict(type='AdaptSegNet', weights=dict(decode_head=1.0, auxiliary_head=0.2))
CASES = {
    'guidance': dict(auxiliary_head=low_head_cfg(), guidance=GUIDANCE),
    # Trained on the source only: the target pass does not use this head.
    'unused_head': dict(auxiliary_head=low_head_cfg()),
    'accumulation': dict(auxiliary_head=low_head_cfg(), guidance=GUIDANCE),
    'adversarial': dict(target_loss=None, auxiliary_head=low_head_cfg(), methods=[ADVERSARIAL]),
    'clipping': {},
    'batch_norm': {},
    'plain': {},
}


def model_of(case: str) -> nn.Module:
    """The case's model; batch norms are frozen but in 'batch_norm'."""
    if case == 'plain':
        preprocessor = dict(plain_cfg()['data_preprocessor'], size_divisor=1)
        cfg = plain_cfg(data_preprocessor=preprocessor)
    else:
        cfg = uda_cfg(**CASES[case])
    model = build_model(cfg, seed=3)
    model.train()
    if case != 'batch_norm':
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
    return model


def batch_of(case: str, step: int, images: slice) -> dict:
    """Images of a step, every pixel labelled, so that the mean over ranks is the mean."""
    batch = uda_batch(step)
    for sample in batch['data_samples']['source']:
        sample.gt_sem_seg.data.clamp_(max=3)
    if case == 'plain':
        return {key: value['source'][images] for key, value in batch.items()}
    return {
        key: {domain: items[images] for domain, items in value.items()}
        for key, value in batch.items()
    }


def wrapper_of(case: str, model: nn.Module) -> OptimWrapper:
    if case == 'adversarial':
        cfg = dict(
            constructor='MethodOptimWrapperConstructor',
            accumulative_counts=2,
            optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=1e-3),
            # A large eps, since Adam would turn the noise of gradients near zero into steps.
            methods=dict(optimizer=dict(type='Adam', lr=1e-2, betas=(0.9, 0.99), eps=1e-2)),
        )
        wrapper = build_optim_wrapper(model, cfg)
        wrapper.initialize_count_status(model, 0, STEPS)
        return wrapper
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    kwargs = dict(accumulative_counts=2) if case == 'accumulation' else {}
    if case == 'clipping':
        kwargs = dict(clip_grad=dict(max_norm=0.5))
    wrapper = OptimWrapper(optimizer, **kwargs)
    wrapper.initialize_count_status(model, 0, STEPS)
    return wrapper


def main() -> None:
    rank, folder = int(sys.argv[1]), Path(sys.argv[2])
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    torch.set_num_threads(1)
    store = torch.distributed.FileStore(str(folder / 'store'), 2)
    torch.distributed.init_process_group('gloo', store=store, rank=rank, world_size=2)
    for case in CASES:
        model = model_of(case)
        ddp = UDADistributedDataParallel(module=model, device_ids=[rank])
        wrapper = wrapper_of(case, ddp)
        for step in range(STEPS):
            ddp.train_step(batch_of(case, step, slice(rank, rank + 1)), wrapper)
        torch.save(model.state_dict(), folder / f'{case}{rank}.pth')
    torch.distributed.barrier()  # no rank leaves while the other still receives
    torch.distributed.destroy_process_group()


if __name__ == '__main__':
    main()
