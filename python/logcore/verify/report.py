"""The result as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence

from logcore.verify.findings import Findings
from logcore.verify.result import Result

__all__ = ["report"]

_STATUSES = ("good", "bad", "suspicious")


def report(result: Result) -> str:
    """The two tables, notes, examples, and the answer in the last line."""
    paragraphs = [
        f"{_count(result.logs, 'log')} on topic {result.topic} in {_count(result.partitions, 'partition')}",
        _table(_verdicts(result)),
        _table(_hops(result.hops)),
        "\n".join(_notes(result)),
        "\n".join(_examples(result)),
        _answer(result),
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _verdicts(result: Result) -> list[list[str]]:
    matrix = result.comparison.matrix
    others = sorted({status for pair in matrix for status in pair if status is not None} - set(_STATUSES))
    given: list[str | None] = [*_STATUSES, *others]
    if any(status is None for _, status in matrix):
        given.append(None)
    rows = [["expected \\ given", *(status or "none" for status in given), "total"]]
    for expected in (*_STATUSES, *others, None):
        counts = [matrix[expected, status] for status in given]
        if sum(counts) or expected in _STATUSES:
            rows.append([expected or "unlabelled", *(f"{count:,}" for count in counts), f"{sum(counts):,}"])
    totals = [sum(matrix[pair] for pair in matrix if pair[1] == status) for status in given]
    rows.append(["total", *(f"{total:,}" for total in totals), f"{sum(totals):,}"])
    return rows


def _hops(hops: Sequence[Findings]) -> list[list[str]]:
    rows = [["hop", *_STATUSES, "present", "missing", "doubled", "changed", "extra"]]
    for hop in hops:
        statuses = (hop.statuses[status] for status in _STATUSES)
        counts = (*statuses, hop.present, hop.missing, hop.doubled, hop.changed, hop.extra)
        rows.append([hop.name, *(f"{count:,}" for count in counts)])
    return rows


def _table(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
        for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join(lines)


def _notes(result: Result) -> list[str]:
    notes = [
        f"partition {partition} of {result.topic} begins at offset {offset:,}: Kafka no longer has what came before "
        "(retention), and it is not verified"
        for partition, offset in result.begins.items()
    ]
    if result.malformed_truths:
        notes.append(f"{_count(result.malformed_truths, 'truth header')} not of the right form, counted as unlabelled")
    if result.logs and result.unlabelled == result.logs:
        notes.append("no log has a truth header: verdicts are compared with nothing (the producer's --truth adds them)")
    for hop in result.hops:
        counts = (
            (hop.repeated, "repeated with the same bytes, as after a crash: no fault"),
            (hop.rejected, "rejected and kept as text in the index of rejected records"),
            (hop.uncompared, "without a status record to compare with"),
            (hop.other_topics, "of other topics, not looked at"),
            (hop.before, "of logs that Kafka no longer has, not verified"),
            (hop.later, "of logs that came after this run began, not verified"),
        )
        notes += [f"{hop.name}: {count:,} {text}" for count, text in counts if count]
    return notes


def _examples(result: Result) -> list[str]:
    lines = [
        f"verdict of {place}: expected {expected}, given {given}"
        for place, expected, given in result.comparison.examples
    ]
    for hop in result.hops:
        for fault, places in hop.examples.items():
            more = getattr(hop, fault) - len(places)
            rest = f" and {more:,} more" if more > 0 else ""
            lines.append(f"{fault} in {hop.name}: {', '.join(places)}{rest}")
    return lines


def _answer(result: Result) -> str:
    faults = result.faults()
    if faults:
        return f"NOT CLEAN: {'; '.join(faults)}"
    if result.logs == 0:
        return f"clean, but there is no log on topic {result.topic}: nothing was verified"
    return "clean: every log is at every hop, once and unchanged, with the verdict expected of it"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
