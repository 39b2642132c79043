"""Bad logs as lines of JSON, out of the status topic into a file and back."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from logcore.dlq.moments import moment
from logcore.dlq.originals import Originals, by_partition
from logcore.dlq.place import Place, place_of
from logcore.dlq.progress import Progress
from logcore.dlq.selection import Letter, Selection
from logcore.dlq.status_record import StatusRecord, status_record
from logcore.standard_output import OutputError
from logcore.verify.content import milliseconds

__all__ = ["STDOUT", "ExportError", "exported_line", "read_export", "write_export"]

STDOUT = "-"
_PAYLOAD = {"raw": str, "raw_base64": str, "raw_truncated": bool}


class ExportError(ValueError):
    """A file that is no export. One line that names the file and the line."""


def write_export(
    brokers: str, topic: str, found: Selection, output: str, config: Mapping[str, str], progress: Progress
) -> tuple[int, int]:
    """Writes a line for each log that was found; how many, and how many the topic lost meanwhile (retention).

    A file is there whole or not at all, with the access rights that the person's mask gives. Where `output` is a device
    or a named pipe, the lines go into it.

    Raises:
        KafkaError: the topic can't be read.
        OSError: the file can't be written.
    """
    with _written(output) as file:
        return _write(brokers, topic, found, file, config, progress)


def exported_line(record: StatusRecord, judged: int | None) -> str:
    """One line, in ASCII and without control characters, so that a terminal may show it."""
    fields = record.fields
    line: dict[str, Any] = {
        "key": str(record.place),
        "status": record.status,
        "reasons": [{"path": path, "code": code} for path, code in record.reasons],
        # Of another type it is not the pipeline's, and may have no form in JSON, as the number 1e999.
        **{name: fields[name] for name, kind in _PAYLOAD.items() if isinstance(fields.get(name), kind)},
        "source": record.place._asdict(),
        "@timestamp": fields["@timestamp"] if isinstance(fields.get("@timestamp"), str) else None,
        "judged_at": None if judged is None else moment(judged),
    }
    return json.dumps(line, separators=(",", ":")).replace("\x7f", "\\u007f")


def read_export(path: str) -> dict[Place, Letter]:
    """The logs that the lines of a file name; of each line only `key` has to be there. Blank lines are passed over.

    Raises:
        ExportError: it can't be read, or a line is none of an export.
    """
    letters: dict[Place, Letter] = {}
    try:
        with Path(path).open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    place, letter = _named(path, number, line)
                    letters[place] = letter
    except OSError as error:
        raise ExportError(f"{path}: {error.strerror or error}") from error
    return letters


def _named(path: str, number: int, line: bytes) -> tuple[Place, Letter]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{path}, line {number}: not JSON") from error
    key = fields.get("key") if isinstance(fields, dict) else None
    place = place_of(key) if isinstance(key, str) else None
    if place is None:
        raise ExportError(f"{path}, line {number}: it has no key of the form topic:partition:offset")
    return place, Letter((), milliseconds(fields.get("@timestamp")), milliseconds(fields.get("judged_at")), -1, -1)


def _write(
    brokers: str, topic: str, found: Selection, file: TextIO, config: Mapping[str, str], progress: Progress
) -> tuple[int, int]:
    keys = {Place(topic, letter.partition, letter.offset): key for key, letter in found.letters.items()}
    originals = Originals(brokers, config, progress)
    written = lost = 0
    for (_, partition), offsets in by_partition(keys).items():
        for place, stored in originals.fetch(topic, partition, offsets):
            record = None if stored is None else status_record(keys[place], stored.value)
            if stored is None or record is None:
                lost += 1
                continue
            file.write(exported_line(record, stored.timestamp) + "\n")
            written += 1
    return written, lost


@contextlib.contextmanager
def _written(output: str) -> Iterator[TextIO]:
    """A file that takes the place of `output` once it is complete; what is no regular file itself; standard output for
    ``-``."""
    if output == STDOUT:
        if sys.stdout is None:
            raise OutputError("standard output is closed")
        yield sys.stdout
        sys.stdout.flush()
        return
    # Where a shell's >(...) leads to has no name, so it is not asked for.
    if os.path.exists(output) and not os.path.isfile(output):  # noqa: PTH110, PTH113 - links are followed
        with open(output, "w", encoding="ascii", newline="") as file:  # noqa: PTH123
            yield file
        return
    # Of a link, what it leads to is replaced.
    path = Path(os.path.realpath(output))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii", newline="") as file:
            yield file
        # mkstemp lets nobody else read; the person's own mask decides.
        mask = os.umask(0)
        os.umask(mask)
        unfinished.chmod(0o666 & ~mask)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink()
        raise
