"""Numbers of things, in words."""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, noun: str) -> str:
    """``1 log``, ``1,234 logs``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
