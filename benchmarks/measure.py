"""Time and peak memory of several variants, measured in one run and reported as ratios."""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from mmseg_maxsquare.analysis.provenance import processor_name

COLUMNS = ['variant', 'seconds', 'time ratio', 'peak MB', 'memory ratio']
Variants = dict[str, Callable[[], object]]


def median_times(variants: Variants, repeats: int, device: torch.device) -> dict[str, list[float]]:
    """Seconds of every call; the variants take turns, so that all run under the same load.

    Args:
        variants: Functions by name.
        repeats: Number of measured turns; one more is for warm-up.
        device: Synchronised before and after each call.
    """
    times: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(repeats + 1):
        for name, call in variants.items():
            _wait(device)
            started = time.perf_counter()
            call()
            _wait(device)
            if turn:
                times[name].append(time.perf_counter() - started)
    return times


def peak_bytes(call: Callable[[], object], device: torch.device) -> int:
    """Peak memory of a call, beyond the memory allocated before it.

    Measured by PyTorch's allocator on a GPU, by its profiler's record of every
    allocation on a CPU.
    """
    call()  # gradients and momentum exist from here on
    if device.type == 'cuda':
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        call()
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    events = [e for e in profiler.profiler.kineto_results.events() if e.name() == '[memory]']
    running = peak = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        running += event.nbytes()
        peak = max(peak, running)
    return peak


def paired_ratio(times: list[float], reference: list[float]) -> float:
    """Median of the ratios per turn, which is robust to a slow phase of the machine."""
    return statistics.median(t / r for t, r in zip(times, reference, strict=True))


def compare(variants: Variants, repeats: int, device: torch.device) -> list[list]:
    """Rows of COLUMNS: time and peak memory of every variant, as ratios to the first."""
    times = median_times(variants, repeats, device)
    peaks = {name: peak_bytes(call, device) for name, call in variants.items()}
    first = next(iter(variants))
    return [
        [
            name,
            statistics.median(times[name]),
            paired_ratio(times[name], times[first]),
            peaks[name] / 2**20,
            peaks[name] / peaks[first],
        ]
        for name in variants
    ]


def machine(device: torch.device) -> str:
    """The machine and PyTorch version of the measurement."""
    if device.type == 'cuda':
        return f'{torch.cuda.get_device_name()}, PyTorch {torch.__version__}'
    return f'{processor_name()}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}'


def report(title: str, columns: list[str], rows: list[list], about: str, path: Path) -> None:
    """Print a Markdown table and write it as JSON.

    Args:
        title: What was measured.
        columns: Headings.
        rows: Cells; numbers are printed with three digits.
        about: Description of machine, sizes and repeats.
        path: The JSON file.
    """
    print(f'\n### {title}\n\n{about}\n')
    print('| ' + ' | '.join(columns) + ' |\n' + '|---' * len(columns) + '|')
    for row in rows:
        print('| ' + ' | '.join(c if isinstance(c, str) else f'{c:.3g}' for c in row) + ' |')
    path.parent.mkdir(parents=True, exist_ok=True)
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    path.write_text(json.dumps(dict(title=title, about=about, rows=found), indent=1))
    print(f'\n{path}')


def _wait(device: torch.device) -> None:
    if device.type == 'cuda':
        torch.cuda.synchronize()
