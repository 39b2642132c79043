"""Reads the section [client] of a MySQL option file (`my.cnf`), as MySQL's own clients write and read it."""

from __future__ import annotations

import os

__all__ = ["OptionFileError", "read_client_options"]

_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "r": "\r", "s": " ", "\\": "\\", '"': '"', "'": "'"}


class OptionFileError(ValueError):
    """A file that can't be read or isn't an option file. Never quotes a line: it may hold a password."""


def read_client_options(path: str | os.PathLike[str]) -> dict[str, str]:
    """The options of every [client] section, names with hyphens for underscores; the last of a name wins.

    An option without a value is the empty string. Raises OptionFileError naming file and line.
    """
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes 5 ms to import
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise OptionFileError(f"{os.fspath(path)}: {reason}") from error
    options: dict[str, str] = {}
    section = None
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        if text.startswith("!include"):
            raise OptionFileError(f"{os.fspath(path)}: line {number}: !include is not followed; name that file itself")
        if text.startswith("["):
            if not text.partition("#")[0].rstrip().endswith("]"):
                raise OptionFileError(f"{os.fspath(path)}: line {number}: a section's ']' is missing")
            section = text[1:].partition("]")[0].strip()
        elif section is None:
            raise OptionFileError(f"{os.fspath(path)}: line {number}: an option before the first [section]")
        elif section == "client":
            name, _, value = text.partition("=")
            options[name.partition("#")[0].strip().replace("_", "-")] = _value(value)
    return options


def _value(text: str) -> str:
    """Unquotes, drops a comment after ` #` outside quotes, and resolves the escapes."""
    text = text.strip()
    quote = text[0] if text[:1] in {'"', "'"} else ""
    out: list[str] = []
    position = len(quote)
    while position < len(text):
        character = text[position]
        if quote and character == quote:
            break
        if not quote and character == "#":
            break
        following = text[position + 1 : position + 2]
        if character == "\\" and following in _ESCAPES:
            out.append(_ESCAPES[following])
            position += 2
            continue
        # A backslash before any other character stands for itself.
        out.append(character)
        position += 1
    value = "".join(out)
    return value if quote else value.rstrip()
