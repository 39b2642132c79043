"""Files of librdkafka properties, one `name=value` a line, as the option `--config` of the commands takes them."""

from __future__ import annotations

import os

__all__ = ["KafkaPropertiesError", "read_kafka_properties"]

# Set by options of their own; a second value in a file would silently lose or win.
_OPTIONS = {
    "bootstrap.servers": "the argument BROKERS",
    "metadata.broker.list": "the argument BROKERS",
    "group.id": "the option --group",
}


class KafkaPropertiesError(ValueError):
    """A properties file that can't be used. One line that names the file, fit for `parser.error`."""


def read_kafka_properties(path: str | os.PathLike[str]) -> dict[str, str]:
    """The properties in a UTF-8 file. Blank lines and lines that start with ``#`` are passed over; spaces around name
    and value are no part of them.

    Raises:
        KafkaPropertiesError: the file can't be read, a line isn't `name=value`, a name stands twice, or it belongs to
            an option. No message shows a value: it may be a password.
    """
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes 5 ms to import
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KafkaPropertiesError(f"{os.fspath(path)}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from error
    properties: dict[str, str] = {}
    for number, text in enumerate(lines, 1):
        line = text.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        name = name.strip()
        if not equals or not name:
            raise KafkaPropertiesError(f"{os.fspath(path)}, line {number}: not of the form name=value")
        if name in _OPTIONS:
            raise KafkaPropertiesError(f"{os.fspath(path)}, line {number}: {name} is given by {_OPTIONS[name]}")
        if name in properties:
            raise KafkaPropertiesError(f"{os.fspath(path)}, line {number}: {name} stands there twice")
        properties[name] = value.strip()
    return properties
