"""verify finds every kind of damage in MySQL and in Elasticsearch."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from verify_world import COUNT, ELASTICSEARCH, KEY, MYSQL, TOPIC, Figures, World, hop


def moment(**time: int) -> datetime:
    return datetime(2021, 4, 29, 19, 28, 30, tzinfo=timezone.utc).replace(**time)


class TestMysql:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("event_id", "x"),
            ("account_id", 685),
            ("account_id", None),
            ("event_timestamp", moment(second=31)),
            ("status", "bad"),
            ("reasons", [{"path": "device", "code": "null"}]),
            ("users_version", "0"),
            ("kafka_timestamp", moment(microsecond=1000)),
            ("raw", b""),
            ("raw_truncated", True),
        ],
    )
    def test_a_row_that_is_changed(self, column: str, value: Any, world: World, figures: Figures) -> None:
        world.change_row(0, column, value)
        said = figures()
        assert said["status"] == 1
        assert hop(said, MYSQL) == {"present": COUNT, "changed": 1}
        assert said["hops"][MYSQL]["examples"] == {"changed": ["logs:0:0"]}

    def test_raw_bytes_that_are_changed(self, world: World, figures: Figures) -> None:
        changed = 0
        for at, row in enumerate(world.mysql.rows.to_pylist()):
            if row["raw"]:
                world.change_row(at, "raw", row["raw"][:-4] + b"?" + row["raw"][-3:])
                changed += 1
        assert changed == COUNT - 6 - 4
        assert hop(figures(), MYSQL) == {"present": COUNT, "changed": changed}

    def test_a_row_that_is_missing_or_of_no_log(self, world: World, figures: Figures) -> None:
        world.change_row(0, "source_partition", 9)
        said = figures()
        assert said["status"] == 1
        assert hop(said, MYSQL) == {"present": COUNT - 1, "missing": 1, "extra": 1}
        assert said["hops"][MYSQL]["examples"] == {"missing": ["logs:0:0"], "extra": ["logs:9:0"]}

    def test_rows_of_a_topic_without_any(self, world: World, figures: Figures) -> None:
        world.mysql.rows = world.mysql.rows.slice(0, 0)
        said = figures()
        assert hop(said, MYSQL) == {"missing": COUNT}
        assert len(said["hops"][MYSQL]["examples"]["missing"]) == 5


class TestElasticsearch:
    @pytest.mark.parametrize(
        "changed",
        [
            {"event_id": "x"},
            {"account_id": 684.0},
            {"account_id": "684"},
            {"status": "good"},
            {"reasons": []},
            {"users_version": None},
            {"@timestamp": "2023-11-14T22:13:20.004Z"},
            {"raw": "other"},
            {"raw_truncated": True},
            {"more": 1},
            {"source": {"topic": "other", "partition": 1, "offset": 1}},
            {"source": {"topic": TOPIC, "partition": 1, "offset": 1, "more": 1}},
        ],
    )
    def test_a_document_that_is_changed(self, changed: dict[str, Any], world: World, figures: Figures) -> None:
        world.documents[KEY] = json.dumps({**world.document(KEY), **changed}).encode()
        said = figures()
        assert said["status"] == 1
        assert hop(said, ELASTICSEARCH) == {"present": COUNT, "changed": 1}
        assert said["hops"][ELASTICSEARCH]["examples"] == {"changed": [KEY]}

    def test_the_order_of_names_does_not_matter(self, world: World, figures: Figures) -> None:
        turned = dict(reversed(world.document(KEY).items()))
        world.documents[KEY] = json.dumps(turned, indent=1).encode()
        assert figures()["status"] == 0

    def test_a_document_that_is_missing(self, world: World, figures: Figures) -> None:
        del world.documents[KEY]
        said = figures()
        assert said["status"] == 1
        assert hop(said, ELASTICSEARCH) == {"present": COUNT - 1, "missing": 1}
        assert said["hops"][ELASTICSEARCH]["examples"] == {"missing": [KEY]}

    def test_a_document_that_is_there_twice(self, world: World, figures: Figures) -> None:
        world.documents["made-up"] = world.documents[KEY]
        said = figures()
        assert said["status"] == 1
        assert hop(said, ELASTICSEARCH) == {"present": COUNT, "doubled": 1}
        assert said["hops"][ELASTICSEARCH]["examples"] == {"doubled": [f"made-up (for {KEY})"]}

    def test_a_document_of_no_log(self, world: World, figures: Figures) -> None:
        world.documents["logs:9:0"] = json.dumps({"source": {"topic": TOPIC, "partition": 9, "offset": 0}}).encode()
        said = figures()
        assert said["status"] == 1
        assert hop(said, ELASTICSEARCH) == {"present": COUNT, "extra": 1}

    @pytest.mark.parametrize(("topic_type", "seen"), [("keyword", {}), ("text", {"other_topics": 1})])
    def test_documents_of_other_topics_are_left_alone(
        self, topic_type: str, seen: dict[str, int], world: World, figures: Figures
    ) -> None:
        world.elasticsearch.topic_type = topic_type
        world.documents["other:0:0"] = json.dumps({"source": {"topic": "other", "partition": 0, "offset": 0}}).encode()
        said = figures()
        assert said["status"] == 0
        assert hop(said, ELASTICSEARCH) == {"present": COUNT, **seen}

    def rejected(self, world: World, value: str, **more: Any) -> None:
        kept = {"source": {"topic": "status", "partition": 0, "offset": 3}, "value": value, **more}
        world.elasticsearch.indices["server-logs-rejected"] = {KEY: json.dumps(kept).encode()}

    def test_a_rejected_record_is_accounted_for(self, world: World, figures: Figures) -> None:
        self.rejected(world, world.documents.pop(KEY).decode())
        said = figures()
        assert said["status"] == 0
        assert hop(said, ELASTICSEARCH) == {"present": COUNT, "rejected": 1}

    def test_a_rejected_record_that_is_changed(self, world: World, figures: Figures) -> None:
        self.rejected(world, world.documents.pop(KEY).decode() + " ")
        said = figures()
        assert said["status"] == 1
        assert hop(said, ELASTICSEARCH) == {"present": COUNT, "rejected": 1, "changed": 1}

    def test_of_a_rejected_record_that_was_cut_no_more_can_be_said(self, world: World, figures: Figures) -> None:
        self.rejected(world, world.documents.pop(KEY).decode()[:9], value_truncated=True)
        said = figures()
        assert said["status"] == 0
        assert hop(said, ELASTICSEARCH) == {"present": COUNT, "rejected": 1, "uncompared": 1}

    def test_indexed_and_rejected_is_doubled(self, world: World, figures: Figures) -> None:
        self.rejected(world, world.documents[KEY].decode())
        said = figures()
        assert said["status"] == 1
        assert hop(said, ELASTICSEARCH) == {"present": COUNT, "doubled": 1}

    def test_an_index_that_is_not_there_is_one_line(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        assert world.verify("--index", "none") == 2
        last = capsys.readouterr().err.splitlines()[-1]
        assert last == "logcore-verify: there is no index none in Elasticsearch; has the indexer run?"
