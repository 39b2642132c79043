"""Text of strangers on a terminal: nothing of it may move the cursor, colour, hide, reorder or end a line."""

from __future__ import annotations

import unicodedata

__all__ = ["cut", "visible", "visible_bytes", "width"]


def visible(text: str) -> str:
    r"""The text on one line, every character that can't be seen as its escape: ``\x1b``, ``\n``, ``\u202e``.

    These are control and format characters (bidi overrides too), separators other than the space, surrogates, and what
    Unicode has not assigned or left to private use. The text can't be had back from it: a backslash stays one.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def visible_bytes(data: bytes) -> str:
    r"""As `visible`; bytes that are no UTF-8 are shown as ``\xff``."""
    return visible(data.decode("utf-8", "backslashreplace"))


def width(text: str) -> int:
    """The columns of a terminal that visible text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def cut(text: str, columns: int) -> str:
    """Visible text in at most so many columns, with an ellipsis where something is left out."""
    if len(text) * 2 <= columns or width(text) <= columns:
        return text
    if columns < 1:
        return ""
    used = 0
    for at, character in enumerate(text):
        used += _columns(character)
        if used >= columns:
            # The last column is the ellipsis's; marks that combine with what stands before it are left out with it.
            return text[:at] + "…"
    return text


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
