"""The action replay: choose, look, ask, send, tell."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from logcore._core import Classifier, Contract, ContractError, Users
from logcore.dlq import report
from logcore.dlq.counted import counted
from logcore.dlq.export import read_export
from logcore.dlq.finding import find
from logcore.dlq.options import Options
from logcore.dlq.originals import Originals
from logcore.dlq.place import Place
from logcore.dlq.plan import Plan, Wishes, make_plan
from logcore.dlq.progress import Progress
from logcore.dlq.selection import Criteria, Letter, select
from logcore.dlq.sending import Sent, send
from logcore.standard_output import OutputError, write_line
from logcore.stop_signals import stop_on_signals

__all__ = ["ReplayError", "replay"]


class ReplayError(Exception):
    """Logs that were asked for can't be had. One line; nothing was sent."""


def replay(options: Options, progress: Progress) -> int:
    """Runs the action; the exit status.

    Raises:
        ReplayError: a log that was named isn't among the bad ones, or an original is gone.
        ExportError: `--from` is no export.
        LogcoreError: a service is missing or refuses, or the contract can't be used; nothing was sent.
    """
    classifier = None if options.contract is None else _classifier(options.contract)
    originals = Originals(options.brokers, options.config, progress)
    letters = _chosen(options, originals, progress)
    wishes = Wishes(options.inputs, to=options.to, again=options.again, replays=options.replays, classifier=classifier)
    plan = make_plan(letters, wishes, originals, options.brokers, options.config, progress)
    progress.line.end()
    if plan.gone and not options.skip_missing:
        if options.json:
            write_line(report.as_json(plan, None, dry_run=options.dry_run))
        missing = report.gone(plan.gone, len(plan.letters))
        raise ReplayError(f"{missing}; nothing was sent, --skip-missing goes on without them")
    if options.dry_run or not plan.send:
        _tell(plan, None, options, progress)
        # That all of them are of other topics was not meant.
        return 1 if plan.elsewhere and not plan.letters else 0
    if not options.yes and not _confirmed(plan):
        progress.note("not confirmed, nothing was sent")
        return 130
    stop = stop_on_signals()
    with ThreadPoolExecutor(1) as sender:
        # Signals are heard by this thread, while the other one waits for brokers.
        sent = sender.submit(send, plan, originals, options.brokers, options.config, progress, stop).result()
    progress.line.end()
    _tell(plan, sent, options, progress)
    if sent.failed or sent.error is not None or (sent.gone and not options.skip_missing):
        return 1
    return 0 if sent.complete else 130


def _classifier(path: str) -> Classifier:
    try:
        contract = Contract.load(path)
    except ContractError as error:
        raise ContractError(f"--contract {path}: {error}") from error
    # Users tell a suspicious log from a good one. Neither is bad.
    nobody = None if contract.lookup is None else Users([], columns=tuple(contract.lookup[2]))
    return Classifier(contract, nobody)


def _chosen(options: Options, originals: Originals, progress: Progress) -> dict[Place, Letter]:
    if options.source is not None:
        letters = read_export(options.source)
        _require_inputs(letters, options)
        since = options.since
        return {
            place: letter
            for place, letter in letters.items()
            if since is None or letter.logged is None or letter.logged >= since
        }
    criteria = Criteria(options.status, options.reasons, options.since)
    at = (options.brokers, options.topic)
    if not options.keys:
        return select(*at, criteria, options.config, progress, start=None).places()
    _require_inputs(options.keys, options)
    found = find(*at, criteria, options.keys, originals, options.config, progress).places()
    unknown = [place for place in dict.fromkeys(options.keys) if place not in found]
    if unknown:
        named = report.named(unknown)
        raise ReplayError(f"no {options.status} log is called {named} on {options.topic}; nothing was sent")
    return found


def _require_inputs(named: Iterable[Place], options: Options) -> None:
    """Raises ReplayError where one of these is of a topic whose logs are not to be sent."""
    others = sorted(place for place in named if place.topic not in options.inputs)
    if others:
        raise ReplayError(
            f"of a topic that --input doesn't name: {report.named(others)}; nothing was sent, "
            f"--input {others[0].topic} lets its logs be sent"
        )


def _confirmed(plan: Plan) -> bool:
    """Asks on standard error: standard output may be a file."""
    left_out = "".join(f", {text}" for text in report.left_out(plan))
    sys.stderr.write(f"logcore-dlq: send {report.to_send(plan)}{left_out}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _tell(plan: Plan, sent: Sent | None, options: Options, progress: Progress) -> None:
    """The result on standard output, and on standard error what went wrong."""
    if sent is not None and sent.failed:
        place, why = next(iter(sent.failed.items()))
        progress.note(f"{counted(len(sent.failed), 'log')} can't be sent; the first, {place}: {why}")
    if sent is not None and sent.gone:
        progress.note(report.gone(sent.gone, len(plan.send)))
    if sent is not None and not sent.complete:
        progress.note(sent.error or "stopped before the end; run again, it goes on from there")
    try:
        if options.json:
            write_line(report.as_json(plan, sent, dry_run=options.dry_run))
        elif options.dry_run:
            if plan.send:
                write_line("\n".join(map(str, plan.send)))
            progress.note(report.summary(plan, None))
        else:
            write_line(report.summary(plan, sent))
    except (BrokenPipeError, OutputError):
        # Something was done, which has to be said somewhere.
        if sent is not None:
            progress.note(report.summary(plan, sent))
        raise
