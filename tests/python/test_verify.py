"""verify finds every kind of damage at every hop, and nothing where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fake_kafka import Record
from logcore import KafkaError, MysqlError
from logcore.verify import __main__ as command
from verify_world import CASES, COUNT, ELASTICSEARCH, KEY, MYSQL, STATUS, Figures, World, hop, truth


def test_where_nothing_is_wrong_it_is_clean(figures: Figures) -> None:
    said = figures()
    assert said["status"] == 0
    assert (said["logs"], said["partitions"], said["unlabelled"], said["begins"]) == (COUNT, 2, 0, {})
    expected = {"good": {"good": 2}, "suspicious": {"suspicious": 4}, "bad": {"bad": COUNT - 6}}
    assert said["verdicts"] == expected
    for name in (STATUS, MYSQL, ELASTICSEARCH):
        assert hop(said, name) == {"present": COUNT}
        assert said["hops"][name]["examples"] == {}


def test_the_table_is_aligned_and_ends_with_the_answer(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.verify() == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0] == f"{COUNT} logs on topic logs in 2 partitions"
    table = lines[2:8]
    assert table[0].split() == ["expected", "\\", "given", "good", "bad", "suspicious", "total"]
    assert len({len(line) for line in table}) == 1
    assert lines[-1] == "clean: every log is at every hop, once and unchanged, with the verdict expected of it"


class TestStatusTopic:
    def test_repeats_with_the_same_bytes_are_reported_and_no_failure(self, world: World, figures: Figures) -> None:
        world.statuses += [record._replace(offset=record.offset + COUNT) for record in world.statuses[:5]]
        said = figures()
        assert said["status"] == 0
        assert hop(said, STATUS) == {"present": COUNT, "repeated": 5}

    def test_the_same_key_with_other_bytes_is_a_failure(self, world: World, figures: Figures) -> None:
        record = world.statuses[3]
        assert record.value is not None
        world.statuses.append(record._replace(offset=COUNT, value=record.value.replace(b'":', b'": ', 1)))
        said = figures()
        assert said["status"] == 1
        assert hop(said, STATUS) == {"present": COUNT, "changed": 1}
        assert said["hops"][STATUS]["examples"]["changed"] == [f"{KEY} (the key comes again with other bytes)"]

    def test_a_record_that_is_missing(self, world: World, figures: Figures) -> None:
        del world.statuses[3]
        said = figures()
        assert said["status"] == 1
        assert hop(said, STATUS) == {"present": COUNT - 1, "missing": 1}
        assert said["hops"][STATUS]["examples"] == {"missing": [KEY]}
        assert said["verdicts"]["bad"]["none"] == 1
        assert hop(said, MYSQL) == {"present": COUNT, "uncompared": 1}
        assert hop(said, ELASTICSEARCH) == {"present": COUNT, "uncompared": 1}

    @pytest.mark.parametrize(
        ("key", "count"),
        [
            (b"logs:7:0", "extra"),
            (b"logs:0:01", "extra"),
            (b"logs:0:-1", "extra"),
            (b"logs:\xff", "extra"),
            (b"logs:1:99999999999999999999", "extra"),
            (f"logs:1:{COUNT}".encode(), "later"),
            (b"other:1:1", "other_topics"),
            (b"", "other_topics"),
            (None, "other_topics"),
        ],
    )
    def test_a_record_of_no_log(self, key: bytes | None, count: str, world: World, figures: Figures) -> None:
        world.statuses.append(Record(0, COUNT, b"{}", key))
        said = figures()
        assert hop(said, STATUS) == {"present": COUNT, count: 1}
        assert said["status"] == (1 if count == "extra" else 0)

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (lambda value: b"{", "the value is not JSON"),
            (lambda value: b"", "the value is not JSON"),
            (lambda value: b"\xff", "the value is not JSON"),
            (lambda value: b"[1]", "the value has no status and reasons"),
            (lambda value: value.replace(b'"code"', b'"kode"'), "the value has no status and reasons"),
            (lambda value: value.replace(b'"offset":1', b'"offset":2'), "its source is logs:1:2"),
            (lambda value: value.replace(b'"source"', b'"sauce"'), "it has no source"),
            (
                lambda value: value.replace(b"22:13:20.003Z", b"22:13:20.004Z"),
                "its @timestamp is 2023-11-14T22:13:20.004Z, not its log's",
            ),
            (lambda value: value.replace(b"FR", b"DE"), "its raw is not its log's payload"),
            (lambda value: value.replace(b'"raw"', b'"raw_base64"'), "raw_base64 is not base64"),
        ],
    )
    def test_a_record_that_does_not_fit_its_log(
        self, change: Callable[[bytes], bytes], why: str, world: World, figures: Figures
    ) -> None:
        record = world.statuses[3]
        assert record.value is not None
        world.statuses[3] = record._replace(value=change(record.value))
        assert world.statuses[3].value != record.value
        said = figures()
        assert said["status"] == 1
        assert hop(said, STATUS) == {"present": COUNT, "changed": 1}
        assert said["hops"][STATUS]["examples"]["changed"] == [f"{KEY} ({why})"]


class TestVerdicts:
    def test_another_status_is_a_failure_and_an_example(self, world: World, figures: Figures) -> None:
        world.logs[0] = world.logs[0]._replace(headers=(("logcore.expected", truth("bad", [("device", "null")])),))
        said = figures()
        assert said["status"] == 1
        assert (said["unexpected_status"], said["unexpected_reasons"]) == (1, 0)
        assert said["verdicts"]["bad"] == {"bad": COUNT - 6, "good": 1}
        assert said["unexpected_examples"] == [{"place": "logs:0:0", "expected": "bad (device null)", "given": "good"}]

    @pytest.mark.parametrize(
        "reasons", [[("event_type", "not_allowed")], [("device", "null"), ("event_type", "not_allowed")], []]
    )
    def test_other_reasons_are_a_failure(self, reasons: list[tuple[str, str]], world: World, figures: Figures) -> None:
        world.logs[3] = world.logs[3]._replace(headers=(("logcore.expected", truth("bad", reasons)),))
        said = figures()
        assert said["status"] == 1
        assert (said["unexpected_status"], said["unexpected_reasons"]) == (0, 1)
        assert said["unexpected_examples"][0]["place"] == KEY
        assert said["unexpected_examples"][0]["given"] == "bad (event_type not_allowed, device null)"

    def test_no_more_than_ten_examples(self, world: World, figures: Figures) -> None:
        world.logs = [record._replace(headers=(("logcore.expected", truth("odd", [])),)) for record in world.logs]
        said = figures()
        assert said["unexpected_status"] == COUNT
        assert len(said["unexpected_examples"]) == 10

    @pytest.mark.parametrize(
        "header", [None, b"", b"{", b"[]", b'{"status":1,"reasons":[]}', b'{"status":"good"}', b"[" * 100_000]
    )
    def test_logs_without_a_header_of_the_right_form_are_unlabelled(
        self, header: bytes | None, world: World, figures: Figures
    ) -> None:
        headers = () if header is None else (("logcore.expected", header),)
        world.logs = [record._replace(headers=headers) for record in world.logs]
        said = figures()
        assert said["status"] == 0
        assert said["unlabelled"] == COUNT
        assert said["verdicts"] == {"unlabelled": {"good": 2, "suspicious": 4, "bad": COUNT - 6}}
        assert bool(said["malformed_headers"]) is (header is not None)


class TestRetention:
    def test_what_kafka_no_longer_has_is_said_and_not_counted(self, world: World, figures: Figures) -> None:
        world.logs = [record for record in world.logs if record.partition == 0 or record.offset >= 2]
        said = figures()
        assert said["status"] == 0
        assert said["begins"] == {"1": 2}
        for name in (STATUS, MYSQL, ELASTICSEARCH):
            assert hop(said, name) == {"present": COUNT - 2, "before": 2}

    def test_a_partition_of_which_nothing_is_left(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        world.log_ends = {0: len(CASES), 1: len(CASES)}
        world.logs = [record for record in world.logs if record.partition == 0]
        assert world.verify() == 0
        out = capsys.readouterr().out
        assert f"partition 1 of logs begins at offset {len(CASES)}: Kafka no longer has what came before" in out
        assert f"status: {len(CASES)} of logs that Kafka no longer has, not verified" in out

    def test_offsets_without_a_log_are_no_gap_but_a_record_for_one_is_extra(
        self, world: World, figures: Figures
    ) -> None:
        world.logs = [record for record in world.logs if (record.partition, record.offset) != (1, 1)]
        said = figures()
        assert said["status"] == 1
        for name in (STATUS, MYSQL, ELASTICSEARCH):
            assert hop(said, name) == {"present": COUNT - 1, "extra": 1}

    def test_a_topic_without_logs_is_told(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        world.logs, world.statuses, world.log_ends = [], [], {0: 0, 1: 0}
        world.elasticsearch.indices["server-logs"].clear()
        world.mysql.rows = world.mysql.rows.slice(0, 0)
        assert world.verify() == 0
        assert capsys.readouterr().out.splitlines()[-1].endswith("there is no log on topic logs: nothing was verified")


class TestCommand:
    def test_a_service_that_is_missing_is_one_line_and_status_2(
        self, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def away(**given: Any) -> None:
            raise MysqlError("mysql: can't reach db:3306: refused")

        monkeypatch.setattr(command, "Mysql", away)
        assert world.verify() == 2
        assert capsys.readouterr().err == "logcore-verify: mysql: can't reach db:3306: refused\n"

        def no_topic(**given: Any) -> None:
            raise KafkaError("kafka: there is no topic 'logs'")

        monkeypatch.setattr(command, "Consumer", no_topic)
        assert world.verify() == 2
        assert capsys.readouterr().err == "logcore-verify: kafka: there is no topic 'logs'\n"

    def test_a_file_gets_the_figures_and_the_table_is_printed(
        self, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "verified.json"
        assert world.verify("--json", str(file)) == 0
        assert json.loads(file.read_text("utf-8"))["logs"] == COUNT
        assert "clean: " in capsys.readouterr().out

    def test_a_file_that_can_t_be_written_is_one_line(
        self, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        loop = tmp_path / "loop"
        loop.symlink_to(loop)
        assert world.verify("--json", str(loop)) == 2
        said = capsys.readouterr().err.splitlines()[-1]
        assert said == f"logcore-verify: --json {loop}: Too many levels of symbolic links"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "the following arguments are required: BROKERS"),
            (["kafka"], "'kafka' is not HOST:PORT"),
            (["k:1", "--mysql", "db"], "no MySQL user is named"),
            (["k:1", "--elasticsearch", "http://me:pw@es:1"], "LOGCORE_ELASTICSEARCH_PASSWORD"),
            (["k:1", "--config", "/nowhere"], "--config /nowhere: No such file"),
            (["k:1", "--index", "a", "--rejected-index", "a"], "are the same"),
            (["k:1", "--json", "/"], "--json /: no file can be written there"),
            (["k:1", "--json", "/nowhere/f"], "--json /nowhere/f: no file can be written there"),
            (["k:1", "--input", "a b"], "'a b' is not a topic's name"),
            (
                ["k:1", "--elasticsearh", "http://es:1"],
                "there is no option --elasticsearh; did you mean --elasticsearch?",
            ),
        ],
    )
    def test_a_wrong_option_is_one_line_and_status_2(
        self, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as stopped:
            command.main(arguments)
        assert stopped.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("logcore-verify: ")
        assert message in line

    def test_the_table_names_every_fault(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        del world.statuses[3]
        del world.documents["logs:0:0"]
        world.change_row(1, "status", "bad")
        world.logs[1] = world.logs[1]._replace(headers=(("logcore.expected", truth("good", [])),))
        assert world.verify() == 1
        out = capsys.readouterr().out
        assert "verdict of logs:1:0: expected good, given suspicious (device device_mismatch)" in out
        assert out.splitlines()[-1] == (
            "NOT CLEAN: 1 missing in status; 1 changed in MySQL; 1 missing in Elasticsearch server-logs; "
            "1 of another status than expected"
        )
