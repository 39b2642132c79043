"""What Filebeat does with the lines of a file, by the settings in deploy/elk/logs/filebeat.yml: its multiline parsers.

Filebeat itself can't be had here. This is the parser `multiline` of the type `pattern` as its documentation and source
(libbeat/reader/multiline) have it, without the timeout: a line that `match: after` binds to the one before is added to
the event that is open, any other begins the next one. The patterns are Go's; those used mean the same in Python. Once,
by hand, Filebeat 7.17.28 made the same events of a broker's and of Spark's logs by these parsers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
FILEBEAT = REPOSITORY / "deploy" / "elk" / "logs" / "filebeat.yml"


def settings() -> dict[str, Any]:
    """filebeat.yml as it is read, before Filebeat fills in the environment's values."""
    loaded: dict[str, Any] = yaml.safe_load(FILEBEAT.read_text("utf-8"))
    return loaded


def input_settings(input_id: str) -> dict[str, Any]:
    """The one input of that id."""
    (found,) = [each for each in settings()["filebeat.inputs"] if each["id"] == input_id]
    return dict(found)


def parsers(input_id: str) -> list[dict[str, Any]]:
    """The parsers that the input uses. Where an aws-s3 input has selectors, its own are passed over (readerConfig in
    x-pack/filebeat/input/awss3/config.go), and each object is read by those of the selector that takes it."""
    found = input_settings(input_id)
    if "file_selectors" in found:
        (found,) = found["file_selectors"]
    given: list[dict[str, Any]] = found.get("parsers", [])
    return given


def events(input_id: str, text: str) -> list[str]:
    """The messages of the events that the input makes of a file with this text."""
    found: Iterable[str] = text.removesuffix("\n").split("\n") if text else ()
    for parser in parsers(input_id):
        ((name, multiline),) = parser.items()
        assert name == "multiline"
        found = _join(multiline, found)
    return list(found)


def _join(multiline: dict[str, Any], messages: Iterable[str]) -> Iterator[str]:
    given = {name: value for name, value in multiline.items() if name != "timeout"}
    pattern, negate, most = re.compile(given.pop("pattern")), given.pop("negate"), given.pop("max_lines")
    assert given == {"type": "pattern", "match": "after"}, f"{given} isn't known here"
    event: list[str] = []
    for message in messages:
        if event and bool(pattern.search(message)) == negate:
            yield "\n".join(event)
            event = []
        event.append(message)
        assert len(event) <= most, "Filebeat would throw lines away"
    if event:
        yield "\n".join(event)
