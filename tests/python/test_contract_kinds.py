"""Every kind of field that a contract may have: codes, paths and typed values, at each place of a batch."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from typing import Any

import pyarrow as pa
import pytest

from conformance import CONFORMANCE
from logcore import Classifier, Contract, ContractError, Generator
from logcore.contract import main
from logcore.elk.template import status_template

CONTRACT = (CONFORMANCE / "readings.odcs.yaml").read_text("utf-8")
GOOD: dict[str, Any] = {
    "id": "141b3ff2-a921-11eb-bfae-367ddad5b1fa",
    "value": 12.5,
    "ok": False,
    "at": "2021-04-29T21:28:30.25+02:00",
    "day": "29.04.2021",
    "port": 65535,
    "user": {"name": "né", "home": {"zip": "1", "since": "2021-04-29T19:28:30Z"}},
    "tags": ["a", "bcd"],
    "sizes": [1, -2.5, None],
}
CASES: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({}, []),
    ({"value": None, "at": None, "day": None, "port": None, "tags": None, "sizes": []}, []),
    ({"user": {"name": "ab", "more": {"name": [{}]}}}, []),
    ({"user": {"home": {}, "name": "a"}}, [("user.name", "too_short"), ("user.home.zip", "missing")]),
    ({"user": {"name": None, "home": []}}, [("user.name", "null"), ("user.home", "wrong_type")]),
    ({"user": None}, [("user", "null")]),
    ({"user": [GOOD["user"]]}, [("user", "wrong_type")]),
    ({"tags": ["a", "abcd", 5]}, [("tags[1]", "too_long")]),
    ({"tags": [["a"]]}, [("tags[0]", "wrong_type")]),
    ({"tags": [None], "sizes": [0, "1"]}, [("tags[0]", "null"), ("sizes[1]", "wrong_type")]),
    ({"tags": {}, "sizes": "1"}, [("tags", "wrong_type"), ("sizes", "wrong_type")]),
    ({"id": "141b3ff2a92111ebbfae367ddad5b1fa", "ok": "true"}, [("id", "invalid_format"), ("ok", "wrong_type")]),
    ({"value": 0, "port": 65536}, [("value", "out_of_range"), ("port", "out_of_range")]),
    ({"value": 0.75, "port": 1.5}, [("value", "not_multiple"), ("port", "wrong_type")]),
    ({"value": "1", "at": 5}, [("value", "wrong_type"), ("at", "wrong_type")]),
    ({"at": "1999-12-31T23:59:59Z", "day": "29.02.2021"}, [("at", "out_of_range"), ("day", "invalid_format")]),
    ({"at": "2021-04-29", "day": "01.01.2100"}, [("at", "invalid_format"), ("day", "out_of_range")]),
]


def changed(change: dict[str, Any]) -> str:
    return json.dumps({**GOOD, **change}, ensure_ascii=False)


@pytest.mark.parametrize("threads", [1, 2])
def test_codes_and_paths(threads: int) -> None:
    logs = [changed(change) for change, _ in CASES]
    expected = [[{"path": path, "code": code} for path, code in reasons] for _, reasons in CASES]
    # So often that blocks, threads and layouts all see every case next to others.
    times = 1500
    classifier = Classifier(Contract.parse(CONTRACT), threads=threads)
    judged = classifier.classify(pa.record_batch({"value": logs * times}))
    judged.validate(full=True)
    assert judged["reasons"].to_pylist() == expected * times
    alone = [classifier.classify(pa.record_batch({"value": [log]})).to_pylist()[0] for log in logs]
    assert judged.to_pylist() == alone * times


def test_typed_values() -> None:
    (row,) = Classifier(Contract.parse(CONTRACT)).classify(pa.record_batch({"value": [changed({})]})).to_pylist()
    assert row["at"] == datetime(2021, 4, 29, 19, 28, 30, 250_000, timezone.utc)
    assert (row["day"], row["ok"], row["value"], row["port"]) == (date(2021, 4, 29), False, 12.5, 65535)
    since = datetime(2021, 4, 29, 19, 28, 30, tzinfo=timezone.utc)
    assert row["user"] == {"name": "né", "home": {"zip": "1", "since": since}}
    assert (row["tags"], row["sizes"], row["status"]) == (["a", "bcd"], [1.0, -2.5, None], "good")


def test_names_twice_are_seen_at_every_depth() -> None:
    text = changed({}).replace('"zip"', '"zip": "2", "z\\u0069p"').replace('"name"', '"n": {"name": 1}, "name"')
    (row,) = Classifier(Contract.parse(CONTRACT)).classify(pa.record_batch({"value": [text]})).to_pylist()
    assert row["reasons"] == [{"path": "user.home.zip", "code": "duplicate_key"}]


def test_the_status_record_holds_all_of_it() -> None:
    kafka = {"topic": ["t"], "partition": pa.array([0], pa.int32()), "offset": [7]}
    stamp = pa.array([0], pa.timestamp("us", "UTC"))
    batch = pa.record_batch({"value": [changed({"at": None})], **kafka, "timestamp": stamp})
    record = json.loads(Classifier(Contract.parse(CONTRACT)).judge(batch)["record_value"][0].as_py())
    home = {"zip": "1", "since": "2021-04-29T19:28:30.000Z"}
    assert record["user"] == {"name": "né", "home": home}
    assert [record[name] for name in ("value", "ok", "at", "day", "tags", "sizes")] == [
        12.5, False, None, "2021-04-29", ["a", "bcd"], [1.0, -2.5, None],
    ]  # fmt: skip


def test_the_index_knows_every_field() -> None:
    fields = status_template(Contract.parse(CONTRACT), "server-logs")["template"]["mappings"]["properties"]
    assert fields["user"]["properties"]["home"]["properties"]["since"]["type"] == "date"
    assert (fields["tags"]["type"], fields["sizes"]["type"], fields["day"]["type"]) == ("keyword", "double", "date")


@pytest.mark.parametrize(
    ("good", "wrong", "message"),
    [
        ("format: uuid", "format: uuid7", "format 'uuid7' is not supported; uuid, email, hostname, ipv4"),
        ("format: u16", "format: u64", "format 'u64' is not supported; i8, u8"),
        ("format: dd.MM.yyyy", "format: d.M.yyyy", "'d' is not supported; yyyy, MM, dd"),
        ("exclusiveMaximum: 01.01.2100", "exclusiveMaximum: 1.1.2100", "not written in the field's own format"),
        ("multipleOf: 0.5", "multipleOf: 0", "above 0"),
        (
            "items: {logicalType: number}",
            "items: {logicalType: array, items: {logicalType: number}}",
            "arrays of scalars",
        ),
        ("items: {logicalType: number}", "logicalTypeOptions: {minItems: 1}", "minItems: not supported"),
        ("{name: zip, ", "{name: zip, unique: true, ", "unique: not supported: a stream has no end"),
        ("{name: zip, ", "{name: since, ", "a second field 'since'"),
    ],
)
def test_what_cannot_be_judged_is_refused(good: str, wrong: str, message: str) -> None:
    assert good in CONTRACT
    with pytest.raises(ContractError, match=message.replace("[", r"\[")):
        Contract.parse(CONTRACT.replace(good, wrong))


def test_generated_logs_are_as_expected() -> None:
    mail = "{name: mail, logicalType: string, logicalTypeOptions: {format: email, maxLength: 30}}"
    contract = Contract.parse(CONTRACT.replace("properties:\n", f"properties:\n      - {mail}\n", 1))
    logs = Generator(contract, seed=1, start=1_619_724_510).batch(5_000)
    judged = Classifier(contract).classify(logs)
    assert judged["status"].to_pylist() == logs["expected_status"].to_pylist() == ["good"] * 5_000
    start = datetime(2021, 4, 29, 19, 28, 30, tzinfo=timezone.utc)
    assert judged["at"][0].as_py() == start
    homes = [user["home"] for user in judged["user"].to_pylist()]
    assert {home and home["since"] and home["since"].replace(second=30) for home in homes} == {start, None}
    assert {len(tags) for tags in judged["tags"].to_pylist()} == {0, 1, 2, 3}


def test_generated_logs_are_bad_as_expected() -> None:
    contract = Contract.parse(CONTRACT)
    logs = Generator(contract, seed=1, bad_rate=0.5).batch(20_000)
    judged = Classifier(contract).classify(logs)
    assert judged["status"].to_pylist() == logs["expected_status"].to_pylist()
    assert judged["reasons"].to_pylist() == logs["expected_reasons"].to_pylist()
    found = {(reason["path"], reason["code"]) for reasons in judged["reasons"].to_pylist() for reason in reasons}
    assert {("user", "null"), ("user.home.zip", "missing"), ("tags[1]", "wrong_type")} <= found


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    file = tmp_path / "readings.yaml"
    file.write_text(CONTRACT, encoding="utf-8")
    assert main(["check", str(file)]) == 0
    assert main(["explain", str(file)]) == 0
    words = capsys.readouterr().out
    for line in ("user.home.zip: a string", "above 0 (out_of_range)", "each item: a number", "written as dd.MM.yyyy"):
        assert line in words
    file.write_text(CONTRACT.replace("format: u16", "format: u64"), encoding="utf-8")
    assert main(["check", str(file)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"logcore-contract: {file}: contract: schema[0].properties[5].logicalTypeOptions.format: ")
    assert error.count("\n") == 1
