"""Command lines whose errors are one line, and the types of option that several commands have."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["OneLineParser", "index_name", "say_logcore", "topic_name", "whole_number"]

_MODULE = "python -m logcore."
_start = _MODULE


def say_logcore() -> None:
    """From here on, usage and examples name the commands as the console script does, ``logcore NAME``."""
    global _start  # noqa: PLW0603 - a process is started in one way
    _start = "logcore "


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line: ``logcore-NAME: …; see python -m logcore.NAME --help``.

    `name` is the command's, followed by that of its action if it has any; `prog` and `says` are for a program that is
    called, and begins its lines, otherwise. Abbreviations of options are refused: a script that uses one breaks with
    the next option.
    """

    def __init__(
        self, name: str, *, description: str, epilog: str, prog: str | None = None, says: str | None = None
    ) -> None:
        self._says = says or f"logcore-{name.split(maxsplit=1)[0]}"
        super().__init__(
            prog=prog or f"{_start}{name}",
            description=description.replace(_MODULE, _start),
            epilog=epilog.replace(_MODULE, _start),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, but a mistyped option is named before the one that is missing for it."""
        for argument in sys.argv[1:] if args is None else args:
            if argument == "--":
                break
            name = argument.partition("=")[0]
            if name.startswith("--") and name not in self._option_string_actions:
                # The dashes, which all have, would make any two alike.
                names = [option[2:] for option in self._option_string_actions if option.startswith("--")]
                near = difflib.get_close_matches(name[2:], names, 1)
                self.error(f"there is no option {name}{f'; did you mean --{near[0]}?' if near else ''}")
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Ends the program with status 2."""
        self.exit(2, f"{self._says}: {' '.join(message.split())}; see {self.prog} --help\n")


def index_name(text: str) -> str:
    """A name that Elasticsearch allows for an index, without wildcards; an argparse type."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,254}", text):
        raise argparse.ArgumentTypeError(
            f"'{text}' is no index name: lower-case letters, digits, dot, dash, underscore, a letter or digit first"
        )
    return text


def topic_name(text: str) -> str:
    """The name of one topic of Kafka's; an argparse type."""
    # Kafka's own rule; a comma would subscribe to several.
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", text) or text in (".", ".."):
        raise argparse.ArgumentTypeError(f"'{text}' is not a topic's name (letters, digits, '.', '_', '-')")
    return text


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """An argparse type: a number from `least` to `most`, both included."""

    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"'{text}' is not a number from {least} to {most}")
        return int(text)

    return number
