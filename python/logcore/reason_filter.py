"""Reasons as a person names them on a command line: a code, a path, or both."""

from __future__ import annotations

import argparse
import difflib
import re
from dataclasses import dataclass
from typing import Any

from logcore._core import CODES

__all__ = ["REASON_FORMS", "ReasonFilter", "reason_filter"]

REASON_FORMS = "CODE, PATH or PATH:CODE"
"""What `reason_filter` takes, for a metavar or a message."""

# A field may be called almost as a code is; below this it isn't taken for a mistyped code.
_ALIKE = 0.8


@dataclass(frozen=True)
class ReasonFilter:
    """Finds reasons with this code, where there is one, and at this path or within it, where there is one."""

    text: str
    path: re.Pattern[str] | None
    code: str | None

    def matches(self, reasons: Any) -> bool:
        """True where one of a status record's `reasons` is meant. Of any other form than a list of
        ``{"path": …, "code": …}``, as in a record that is not the pipeline's, nothing is meant."""
        return isinstance(reasons, list) and any(self._means(reason) for reason in reasons)

    def _means(self, reason: Any) -> bool:
        if not isinstance(reason, dict):
            return False
        path, code = reason.get("path"), reason.get("code")
        if not isinstance(path, str) or not isinstance(code, str):
            return False
        return (self.code is None or code == self.code) and (self.path is None or self.path.fullmatch(path) is not None)


def reason_filter(text: str) -> ReasonFilter:
    """``CODE``, ``PATH:CODE`` or ``PATH``; an argparse type.

    A path means what is within it too: ``user`` also ``user.home.zip``, ``tags`` also ``tags[3]``; ``tags[]`` means any
    of the items. A colon at the end makes a path of what would be taken for a code: ``missing:`` is a field.
    """
    if text in CODES:
        return ReasonFilter(text, None, text)
    path, colon, code = text.rpartition(":")
    if not colon:
        _refuse_mistyped(text)
        path, code = text, ""
    elif code and code not in CODES:
        _refuse_code(text, code)
    if not path:
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form {REASON_FORMS}")
    return ReasonFilter(text, _within(path), code or None)


def _within(path: str) -> re.Pattern[str]:
    """Matches the path, and every path that goes on from it."""
    return re.compile(re.escape(path).replace(r"\[\]", r"\[[0-9]+\]") + r"(?:[.\[].*)?", re.DOTALL)


def _refuse_mistyped(text: str) -> None:
    near = _near(text)
    if near:
        raise argparse.ArgumentTypeError(
            f"there is no code '{text}'; did you mean {near[0]}? (for a field of that name, write '{text}:')"
        )


def _refuse_code(text: str, code: str) -> None:
    near = _near(code)
    meant = f"did you mean {near[0]}?" if near else f"the codes are {', '.join(CODES)}"
    raise argparse.ArgumentTypeError(f"'{text}': there is no code '{code}'; {meant}")


def _near(text: str) -> list[str]:
    return difflib.get_close_matches(text.lower().replace("-", "_"), CODES, 1, _ALIKE)
