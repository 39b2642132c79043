"""From batches of the topic to the lines that are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from logcore.tail.documents import NotJson, are_objects, document_of
from logcore.tail.json_lines import json_line, terminal_json_line
from logcore.tail.lines import foreign_line, verdict_line
from logcore.tail.options import Options
from logcore.tail.output import Output
from logcore.tail.records import Page, Record
from logcore.tail.verdict import NoVerdict, verdict_of

__all__ = ["Printer"]

_NAMED = 5
"""Records left out that are named one by one."""


class Printer:
    """Chooses records and makes lines of them. `note` gets a line about what can't be shown as it was asked for."""

    def __init__(self, options: Options, output: Output, note: Callable[[str], None]) -> None:
        self._options = options
        self._output = output
        self._note = note
        self._color = output.colored(options.color)
        self._left_out = 0

    def lines(self, batch: Any, ends: dict[int, int] | None = None) -> Iterator[bytes]:
        """The lines of the records in a batch of `Consumer.poll` that were asked for; with `ends`, of those before."""
        page = Page(batch, self._options.statuses, ends)
        return self._json_lines(page) if self._options.json else self._text_lines(page)

    def finish(self) -> None:
        """Says how many records were left out, where not each of them was named."""
        if self._left_out > _NAMED:
            self._note(f"{self._left_out:,} records were left out: their values are no JSON")

    def _json_lines(self, page: Page) -> Iterator[bytes]:
        # Whether a record is wanted is known by now, unless its value has to say.
        headers_say = not self._options.reasons
        sure = are_objects(page.column("value"))
        for row, (value, status, is_object) in enumerate(zip(page.values, page.statuses, sure)):
            if value is not None and is_object and headers_say and (status or not self._options.statuses):
                yield self._json(value)
                continue
            document, fault = _read(value)
            if not self._chosen(status, document):
                continue
            if value is None or fault is not None:
                self._leave_out(page.record(row), fault)
            else:
                yield self._json(value)

    def _json(self, value: bytes) -> bytes:
        return self._output.encoded(terminal_json_line(value)) if self._output.terminal else json_line(value)

    def _text_lines(self, page: Page) -> Iterator[bytes]:
        columns = None if self._options.wide else self._output.columns()
        for record in page.records():
            document, fault = _read(record.value)
            if self._chosen(record.status, document):
                yield self._output.encoded(self._text(record, document, fault, columns))

    def _text(self, record: Record, document: Any, fault: str | None, columns: int | None) -> str:
        if fault is None:
            try:
                verdict = verdict_of(document, record.status)
            except NoVerdict as error:
                fault = str(error)
            else:
                return verdict_line(record, verdict, color=self._color, columns=columns)
        return foreign_line(record, self._place(record), fault, color=self._color, columns=columns)

    def _chosen(self, header: str | None, document: Any) -> bool:
        statuses, reasons = self._options.statuses, self._options.reasons
        fields = document if isinstance(document, dict) else {}
        if statuses:
            status = header or fields.get("status")
            if not isinstance(status, str) or status not in statuses:
                return False
        return not reasons or any(reason.matches(fields.get("reasons")) for reason in reasons)

    def _leave_out(self, record: Record, fault: str | None) -> None:
        self._left_out += 1
        if self._left_out <= _NAMED:
            more = "; others will be counted" if self._left_out == _NAMED else ""
            self._note(f"{self._place(record)} is left out: the value {fault}{more}")

    def _place(self, record: Record) -> str:
        return f"{self._options.topic}:{record.partition}:{record.offset}"


def _read(value: bytes | None) -> tuple[Any, str | None]:
    """What a value says, None where it can't be read, and then why."""
    try:
        return document_of(value), None
    except NotJson as error:
        return None, str(error)
