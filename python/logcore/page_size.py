"""How many records to ask for at once when only their number can be limited, but their bytes must be."""

from __future__ import annotations

__all__ = ["PageSize"]


class PageSize:
    """Grows from `start` to `most` records while the pages seen stay below `target` bytes, and shrinks at once when
    they don't: records have from 200 bytes to 1 MB.
    """

    def __init__(self, *, target: int, most: int, start: int = 256) -> None:
        self._target = target
        self._most = most
        self._records = min(start, most)

    @property
    def records(self) -> int:
        """How many to ask for next; at least 1."""
        return self._records

    def seen(self, records: int, size: int) -> None:
        """Takes note of a page of `records` records that had `size` bytes."""
        if records > 0:
            fitting = self._target * records // max(size, 1)
            self._records = max(1, min(self._most, self._records * 2, fitting))
