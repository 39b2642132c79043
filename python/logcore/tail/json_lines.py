"""A record's JSON as one line."""

from __future__ import annotations

import re

__all__ = ["json_line", "terminal_json_line"]

_LINE_ENDS = bytes.maketrans(b"\n\r", b"  ")
_ASTRAL = 0x10000


def json_line(value: bytes) -> bytes:
    """The bytes of a JSON text as they are; line ends, which JSON has between its tokens only, become spaces."""
    return value.translate(_LINE_ENDS) if b"\n" in value or b"\r" in value else value


def terminal_json_line(value: bytes) -> str:
    r"""The same JSON with what a terminal might act on, or what can't be seen, as JSON's own escapes: ``\u202e``."""
    text = json_line(value).decode().replace("\t", " ")
    return text if text.isprintable() else re.sub(r"[^ -~]", _escaped_unless_visible, text)


def _escaped_unless_visible(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    code = ord(character)
    if code < _ASTRAL:
        return f"\\u{code:04x}"
    high, low = divmod(code - _ASTRAL, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
