"""From when on a topic is read: the option ``--since`` of the commands that look back."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal, Union

__all__ = ["FORMS", "Since", "since"]

Since = Union[Literal["earliest", "latest"], int]
"""A word, or milliseconds since 1970; `logcore._core.Consumer` takes it as its `start`."""

FORMS = (
    "earliest, latest, 90s, 10m, 2h, 7d (ago), or a time such as 2026-11-25T16:00 (in UTC) or 2026-11-25T16:00+01:00"
)

_WORDS: dict[str, Since] = {"earliest": "earliest", "latest": "latest"}
_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:([Zz])|([+-]\d\d):?(\d\d)?)?)?", re.ASCII
)
_CLOCKS_MS = 60_000
"""By so much the clock that a time was taken from may be ahead of ours."""


def since(text: str, clock: Callable[[], float] = time.time) -> Since:
    """Any of `FORMS`; an argparse type. A duration counts back from `clock`, seconds since 1970.

    Raises:
        argparse.ArgumentTypeError: it is none of them, or a time before 1970 or to come. Kafka takes negative times
            for words of its own.
    """
    if text in _WORDS:
        return _WORDS[text]
    now = int(clock() * 1_000)
    duration = _DURATION.fullmatch(text)
    at = now - int(duration[1]) * _UNITS_MS[duration[2]] if duration else _milliseconds(text)
    if at is None:
        raise argparse.ArgumentTypeError(f"'{text}' is none of: {FORMS}")
    if at < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is before 1970")
    if at > now + _CLOCKS_MS:
        raise argparse.ArgumentTypeError(f"'{text}' is still to come; a time without a zone is in UTC")
    return at


def _milliseconds(text: str) -> int | None:
    """An ISO 8601 time, down to the millisecond."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    date, clock, seconds, fraction, _, hours, minutes = found.groups()
    zone = f"{hours}:{minutes or '00'}" if hours else "+00:00"
    try:
        # Before 3.11 it reads one form only.
        whole = datetime.fromisoformat(f"{date}T{clock or '00:00'}:{seconds or '00'}{zone}")
    except ValueError:
        return None
    return int(whole.timestamp()) * 1_000 + int((fraction or "").ljust(3, "0")[:3])
