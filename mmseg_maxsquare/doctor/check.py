"""All checks of a config and its data, and the report."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmseg_maxsquare.runs.config import load_config
from mmseg_maxsquare.runs.domains import Domain, build, domains_of
from mmseg_maxsquare.runs.errors import fail, one_line
from mmseg_maxsquare.runs.findings import Finding, count
from mmseg_maxsquare.runs.machine import check_machine, check_precision, describe_machine
from mmseg_maxsquare.runs.rehearsal import rehearse
from mmseg_maxsquare.runs.settings import check_settings
from mmseg_maxsquare.runs.sizes import check_sizes
from mmseg_maxsquare.runs.structure import check_structure

from .classes import check_classes
from .completeness import check_complete
from .engine import check_engine
from .network import check_network
from .orientation import write_turned
from .overlap import check_overlap
from .pairs import pair_up
from .report import SHOWN, describe_domains, describe_findings, summary
from .samples import check_batches, check_sample, parts_of
from .sheet import write_sheet
from .survey import Survey, read_files
from .wrappers import check_wrappers

FOLDER_MISSING = 'folder missing'  # the end of these kinds of finding


def check(
    cfg: Config,
    out: Path,
    limit: int | None = None,
    workers: int = 1,
    tell: Callable[[list[Finding]], None] = lambda findings: None,
) -> tuple[list[Finding], list[str]]:
    """Check the data sets, the fields and the machine; write the sheets.

    Args:
        cfg: The config, with a ``work_dir``.
        out: Existing folder for the sheets.
        limit: Read at most this many images of each data set; None for all.
        workers: Number of reading processes.
        tell: Called with the findings that are known before the images are read, since
            reading may take long.

    Returns:
        The findings, and the report's lines on machine and data sets.
    """
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    if wrong := list(check_structure(cfg)):
        return wrong, describe_machine()
    domains = domains_of(cfg)
    surveys: dict[str, Survey] = {}
    for domain in domains:
        build(domain)
        with no_traceback(domain):
            if domain.dataset is not None:
                surveys[domain.name] = Survey(items=pair_up(domain))
                check_complete(domain)
    if cfg.get('train_dataloader') is not None:
        soften_test_folders(domains)
    findings, model = check_network(cfg)
    findings = [*check_settings(cfg, domains), *findings, *check_engine(cfg, model)]
    findings += [*check_machine(cfg, model), *check_precision(cfg, 'warning')]
    findings += check_batches(cfg, domains, surveys)
    tell([*findings, *_of(domains)])
    samples = {}
    for domain in domains:
        with no_traceback(domain):
            if domain.name in surveys:
                read_files(domain, surveys[domain.name], limit, workers)
                check_classes(domain, surveys[domain.name])
                samples[domain.name] = check_sample(domain, surveys[domain.name])
                write_sheet(domain, surveys[domain.name], out)
                write_turned(domain, surveys[domain.name].turned, out)
    parts = parts_of(cfg, domains, surveys, samples)
    findings += _of(list(check_wrappers(cfg, domains, surveys, parts)))
    if model is not None:
        findings += check_sizes(model, parts)
        if len(parts) == len(domains) and not any(map(_stops, [*findings, *_of(domains)])):
            findings += rehearse(cfg, model, parts, _metas(domains))
    check_overlap(domains, surveys)
    lines = [*describe_machine(), '', *describe_domains(domains, surveys)]
    return [*findings, *_of(domains)], lines


def _stops(finding: Finding) -> bool:
    """Whether an error would come up again in a rehearsal."""
    of_config = finding.kind.startswith('config') or finding.kind.endswith(': pipeline')
    return finding.level == 'error' and of_config


def _metas(domains: list[Domain]) -> dict[str, dict]:
    return {d.field.partition('.')[0]: d.built.metainfo for d in reversed(domains)}


def _of(domains: list[Domain]) -> list[Finding]:
    return [finding for domain in domains for finding in domain.findings]


@contextmanager
def no_traceback(domain: Domain) -> Iterator[None]:
    """An exception of an unknown data set class ends the checks of its domain only."""
    try:
        yield
    except Exception as error:
        what = f'its checks stopped: {one_line(error)}'
        domain.add('error', 'not checked', domain.field, what, 'look at this data set class')


def soften_test_folders(domains: list[Domain]) -> None:
    """Missing folders of a test set are warnings: a training does not read it."""
    for domain in domains:
        if domain.role == 'test':
            domain.findings = [
                replace(found, level='warning', what=f'{found.what}; only `test` reads it')
                if found.kind.endswith(FOLDER_MISSING)
                else found
                for found in domain.findings
            ]


def tell_errors(findings: list[Finding]) -> None:
    """Print errors at once, while the images are being read."""
    errors = [finding for finding in findings if finding.level == 'error']
    if errors:
        lines = ['Found before reading the images:', *describe_findings(errors, SHOWN), '']
        print('\n'.join(lines), file=sys.stderr, flush=True)


def check_config(
    config: str,
    options: Sequence[str] = (),
    work_dir: str | None = None,
    limit: int | None = None,
    workers: int = 1,
    out: Path | None = None,
) -> bool:
    """Print and write the report of a config.

    Args:
        config: See :func:`~mmseg_maxsquare.runs.config.load_config`.
        options: See there.
        work_dir: See there.
        limit: See :func:`check`.
        workers: See :func:`check`.
        out: Folder of report and sheets. Defaults to ``WORK_DIR/check_data``.

    Returns:
        Whether there is no error.
    """
    if limit is not None and limit < 1:
        fail(f'--limit must be at least 1, got {limit}')
    cfg = load_config(config, options, work_dir)
    out = out or Path(cfg.work_dir, 'check_data')
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f'{out} cannot be written: {error.strerror}; choose another folder with --out')
    try:
        findings, lines = check(cfg, out, limit, workers, tell_errors)
    except KeyboardInterrupt:
        fail('interrupted; --limit N reads fewer images')
    except Exception as error:  # fields with values of an unexpected kind
        fail(f'config: {config} cannot be checked: {type(error).__name__}: {error}')
    report = out / 'report.txt'
    head = [f'{config}', *lines, '']
    end = [f'{summary(findings)}; report: {report}, samples: {out}/sheet_*.png']
    complete = [*head, *describe_findings(findings), *end]
    try:
        report.write_text('\n'.join(complete) + '\n', encoding='utf-8')
    except OSError as error:
        fail(f'{report} cannot be written: {error.strerror}; choose another folder with --out')
    print('\n'.join([*head, *describe_findings(findings, SHOWN), *end]))
    return not count(findings, 'error')
