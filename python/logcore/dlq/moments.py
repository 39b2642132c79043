"""Times in ms since 1970, as records have them, for people."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

__all__ = ["CLOCKS_MS", "moment"]

CLOCKS_MS = 3_600_000
"""By so much the clocks of the machines that wrote two records may differ, where one of them has to be the older."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def moment(milliseconds: int | None) -> str:
    """``2026-11-25T16:00:04.497Z``; ``-`` for none. A record may carry any number, so what is no date stays one."""
    if milliseconds is None:
        return "-"
    try:
        at = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return f"{milliseconds} ms"
    return f"{at:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
