"""Bad logs as lines of JSON: out of the topic, into a file, and back."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from fake_topics import STATUS, FakeTopics
from logcore.dlq.__main__ import main
from logcore.dlq.export import ExportError, read_export
from logcore.dlq.place import Place

VALUES = (b"[", b"\xff\x1b[2J", "{\u202e\u2028☎".encode(), b"", None, b"x" * 300_000, b"{\x7f", b'{"device":null}')


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> FakeTopics:
    topics = FakeTopics(monkeypatch)
    for at, value in enumerate(VALUES):
        topics.add("server-logs", value, partition=at % 2)
    topics.judge("server-logs")
    return topics


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_bad_log_is_a_line(kafka: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "h:1"]) == 0
    said = capsys.readouterr()
    assert said.err == "logcore-dlq: wrote 8 logs\n"
    assert said.out.isascii()
    assert said.out.replace("\n", "").isprintable()
    found = {line["key"]: line for line in lines_of(said.out)}
    assert list(found["server-logs:0:0"]) == ["key", "status", "reasons", "raw", "source", "@timestamp", "judged_at"]
    assert found["server-logs:0:0"] == {
        "key": "server-logs:0:0",
        "status": "bad",
        "reasons": [{"path": "$", "code": "malformed_json"}],
        "raw": "[",
        "source": {"topic": "server-logs", "partition": 0, "offset": 0},
        "@timestamp": "2023-11-14T22:13:21.000Z",
        "judged_at": "2023-11-14T22:13:29.000Z",
    }
    payloads = [found[f"server-logs:{at % 2}:{at // 2}"] for at in range(len(VALUES))]
    for line, value in zip(payloads, VALUES):
        if "raw_base64" in line:
            assert base64.b64decode(line["raw_base64"]) == value
        elif value is None:
            assert "raw" not in line
        else:
            assert line["raw"].encode() == value[:262_144]
        assert line.get("raw_truncated", False) is (value is not None and len(value) > 262_144)


def test_a_file_is_there_whole_or_not_at_all(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "bad.jsonl"
    assert main(["export", "h:1", "--reason", "malformed_json", "--output", str(output)]) == 0
    assert capsys.readouterr().err == f"logcore-dlq: wrote 4 logs to {output}\n"
    written = output.read_text("ascii")
    assert {line["reasons"][0]["code"] for line in lines_of(written)} == {"malformed_json"}
    assert output.stat().st_mode & 0o444 == 0o444

    def breaks(*_: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("logcore.dlq.export.exported_line", breaks)
    assert main(["export", "h:1", "--output", str(output)]) == 1
    assert capsys.readouterr().err == f"logcore-dlq: --output {output}: No space left on device\n"
    assert output.read_text("ascii") == written
    assert [file.name for file in tmp_path.iterdir()] == ["bad.jsonl"]
    nowhere = tmp_path / "nowhere" / "bad.jsonl"
    assert main(["export", "h:1", "--output", str(nowhere)]) == 1
    assert capsys.readouterr().err == f"logcore-dlq: --output {nowhere}: No such file or directory\n"


def test_records_that_go_while_they_are_exported_are_told(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from logcore.dlq import __main__ as command

    select = command.select

    def select_then_lose(*arguments: Any, **options: Any) -> Any:
        found = select(*arguments, **options)
        kafka.delete_before(Place(STATUS, 0, 3))
        return found

    monkeypatch.setattr(command, "select", select_then_lose)
    assert main(["export", "h:1"]) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 5
    assert "retention took the records of 3 logs meanwhile" in said.err


def test_what_was_exported_is_read_back(kafka: FakeTopics, tmp_path: Path) -> None:
    output = tmp_path / "bad.jsonl"
    assert main(["export", "h:1", "--output", str(output)]) == 0
    letters = read_export(str(output))
    assert set(letters) == {Place("server-logs", at % 2, at // 2) for at in range(len(VALUES))}
    first = letters[Place("server-logs", 0, 0)]
    assert (first.logged, first.judged) == (1_700_000_001_000, 1_700_000_009_000)


def test_a_line_needs_but_a_key(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_bytes(b'{"key":"a:0:1"}\r\n\n  \n{"key":"a:0:2","@timestamp":7,"judged_at":[]}')
    assert {str(place): letter.logged for place, letter in read_export(str(file)).items()} == {
        "a:0:1": None, "a:0:2": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"key":"a:0:1"}\n{', "line 2: not JSON"),
        (b"\xff", "line 1: not JSON"),
        (b"[" * 100_000, "line 1: not JSON"),
        (b"[]", "line 1: it has no key of the form topic:partition:offset"),
        (b'{"key":7}', "line 1: it has no key"),
        (b'{"key":"a:0"}', "line 1: it has no key"),
    ],
)
def test_a_file_that_is_no_export_is_one_line(
    content: bytes, said: str, tmp_path: Path, kafka: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "keys"
    file.write_bytes(content)
    with pytest.raises(ExportError) as error:
        read_export(str(file))
    assert str(error.value).startswith(f"{file}, {said}")
    assert main(["replay", "h:1", "--from", str(file), "--yes"]) == 2
    assert capsys.readouterr().err.startswith(f"logcore-dlq: --from {file}, {said}")


def test_a_device_a_pipe_and_a_link_stay_what_they_are(kafka: FakeTopics, tmp_path: Path) -> None:
    """As root, /dev/null would be a regular file afterwards."""
    pipe, file, link, null = (tmp_path / name for name in ("pipe", "file", "link", "null"))
    os.mkfifo(pipe)
    link.symlink_to(file)
    null.symlink_to("/dev/null")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for output in (pipe, link, null):
        assert main(["export", "h:1", "--reason", "device", "--output", str(output)]) == 0
    assert len(lines_of(os.read(reader, 1 << 20).decode())) == len(lines_of(file.read_text("ascii"))) == 1
    os.close(reader)
    assert (pipe.is_fifo(), link.is_symlink(), null.is_char_device()) == (True, True, True)


@pytest.mark.parametrize("odd", ["NaN", "-Infinity", "1e999", "[1]", "{}", "true"])
def test_a_line_is_json_whatever_the_record_holds(
    odd: str, kafka: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    source = '"source":{"topic":"server-logs","partition":7,"offset":0}'
    record = f'{{"status":"bad","reasons":[],{source},"raw":{odd},"raw_truncated":{odd},"@timestamp":{odd}}}'
    kafka.add(STATUS, record.encode(), key=b"server-logs:7:0", headers=[("logcore.status", b"bad")])
    assert main(["export", "h:1"]) == 0
    for line in capsys.readouterr().out.splitlines():
        assert "raw" not in json.loads(line, parse_constant=pytest.fail) or ":7:0" not in line


def test_a_shells_pipe_is_written_to(kafka: FakeTopics) -> None:
    ours, theirs = os.pipe()
    assert main(["export", "h:1", "--reason", "device", "--output", f"/dev/fd/{theirs}"]) == 0
    os.close(theirs)
    with os.fdopen(ours) as file:
        assert len(lines_of(file.read())) == 1


def test_standard_output_that_is_closed_is_one_line(
    kafka: FakeTopics, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", None)
    assert main(["export", "h:1"]) == 1
    assert capsys.readouterr().err == "logcore-dlq: standard output is closed\n"
