"""Verdicts in a real MariaDB: what is written comes back, whatever it is and whatever happens meanwhile."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from logcore import BatchError, Classifier, Contract, MysqlError, Users
from logcore.verify.content import document_digest, raw_digest, row_digest, row_digests
from mysql_databases import Databases, judged, stored_form
from services import REPOSITORY, Stack

CONTRACT = Contract.server_logs()
CLASSIFIER = Classifier(CONTRACT, Users([(684, "ANDROID"), (7, "IOS")]))
GOOD = {
    "event_id": "141b3ff2a92111ebbfae367ddad5b1fa",
    "account_id": "684",
    "event_type": "other",
    "device": "ANDROID",
    "location_country": "FR",
    "event_timestamp": "1619724510",
}
HOSTILE_TEXTS = [
    "",
    "'",
    "''; DROP TABLE judged_logs; -- ",
    "\\",
    "\\'",
    "a\\nb\\0%\\_",
    'say "hi"',
    "`",
    "nul\0nul",
    "\b\t\n\r\x1a\x7f",
    "é ☀ 😀 \u2019 \u2028 \ufeff \U0010ffff",
    "trailing   ",
    "/* */ # -- ;",
    "x" * 70_000,
]
HOSTILE_BYTES = [
    b"\xff'\xbf'\\",
    bytes(range(256)),
    b'{"it\'s": "\\\\"',
    b"\xbf\x27 OR 1=1",
    b"[" + b"\xf0\x9f\x98\x80'" * 60_000,
    b"\xfe" * 300_000,
    b"'" * 262_144,
    b"x" * 1_048_577,
    b"",
    None,
]

# Names that a careless writer of SQL trips over, and a string of any length.
HOSTILE_CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: 7c9b2f40-1f0e-4a58-9d5f-2b61b4a7c0ff
name: hostile
version: 1.0.0
status: active
schema:
  - name: hostile
    logicalType: object
    properties:
      - {name: "back`tick", logicalType: string}
      - {name: "it's \\"quoted\\"", logicalType: string}
      - {name: "select", logicalType: integer, required: true, logicalTypeOptions: {format: i64}}
      - {name: "größe\\\\", logicalType: string, logicalTypeOptions: {maxLength: 5}}
      - name: when
        logicalType: integer
        logicalTypeOptions: {minimum: -62135596800, maximum: 253402300799, format: i64}
        customProperties: [{property: epoch, value: seconds}]
"""


@pytest.fixture
def databases(stack: Stack) -> Iterator[Databases]:
    made = Databases(stack, uuid.uuid4().hex[:10])
    yield made
    made.drop()


def good(number: int = 0) -> bytes:
    return json.dumps({**GOOD, "event_timestamp": 1_619_724_510 + number}).encode()


def read_all(databases: Databases, contract: Contract = CONTRACT, topic: str = "t", limit: int = 1000) -> pa.Table:
    """The whole topic, page by page."""
    server = databases.server()
    pages: list[pa.RecordBatch] = []
    after = None
    while True:
        page = server.judged(contract, topic, after=after, limit=limit)
        pages.append(page)
        if page.num_rows < limit:
            return pa.Table.from_batches(pages)
        after = (page["source_partition"][-1].as_py(), page["source_offset"][-1].as_py())


def hostile_batch() -> tuple[Contract, pa.RecordBatch]:
    contract = Contract.parse(HOSTILE_CONTRACT)
    logs = [
        json.dumps({"back`tick": text, 'it\'s "quoted"': text[::-1], "select": number, "größe\\": text[:5]}).encode()
        for number, text in enumerate(HOSTILE_TEXTS)
    ]
    logs += [json.dumps({"select": 0, "when": when}).encode() for when in (-62135596800, -1, 0, 253402300799)]
    logs += [json.dumps({"select": edge}).encode() for edge in (-(2**63), 2**63 - 1)]
    return contract, judged(Classifier(contract), [*logs, *HOSTILE_BYTES])


def test_tables_and_views_are_made_once(databases: Databases) -> None:
    server = databases.server()
    server.create_log_tables(CONTRACT)
    server.create_log_tables(CONTRACT)
    server.write(judged(CLASSIFIER, [good(), b"{}", good().replace(b"ANDROID", b"IOS")]))
    for view, status in (("good_logs", "good"), ("bad_logs", "bad"), ("suspicious_logs", "suspicious")):
        assert databases.query(f"SELECT status FROM `{databases.logs}`.{view}") == [(status,)]
    keys = databases.query(
        "SELECT index_name, column_name FROM information_schema.statistics "
        "WHERE table_schema = %s ORDER BY index_name, seq_in_index",
        databases.logs,
    )
    assert keys == [
        ("by_status_and_time", "status"),
        ("by_status_and_time", "kafka_timestamp"),
        ("PRIMARY", "source_topic"),
        ("PRIMARY", "source_partition"),
        ("PRIMARY", "source_offset"),
    ]


def test_a_table_of_another_contract_is_refused_until_it_is_renamed(databases: Databases) -> None:
    server = databases.server()
    server.create_log_tables(CONTRACT)
    contract, batch = hostile_batch()
    with pytest.raises(MysqlError, match=r"judged_logs is not of this contract: column 'back`tick' is missing.*rename"):
        server.create_log_tables(contract)
    with pytest.raises(MysqlError, match=r"judged_logs is not of this batch's contract \(Unknown column"):
        server.write(batch)
    databases.query(f"RENAME TABLE `{databases.logs}`.judged_logs TO `{databases.logs}`.old")
    server.create_log_tables(contract)
    assert server.write(batch) == batch.num_rows
    counted = databases.query(f"SELECT COUNT(`back`tick`) FROM `{databases.logs}`.good_logs".replace("k`t", "k``t"))
    assert counted == [(len(HOSTILE_TEXTS),)]


MODES = [
    "",
    "NO_BACKSLASH_ESCAPES",
    "ANSI_QUOTES,PIPES_AS_CONCAT,IGNORE_SPACE",
    "ORACLE",
    "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE",
]


@pytest.mark.parametrize("mode", MODES)
def test_hostile_values_come_back_in_any_mode_of_the_server(mode: str, databases: Databases) -> None:
    contract, batch = hostile_batch()
    with databases.global_variables(sql_mode=mode, time_zone="+05:30", character_set_server="latin1", autocommit=0):
        server = databases.server()
        server.create_log_tables(contract)
        assert server.write(batch) == batch.num_rows
        stored = read_all(databases, contract, limit=7)
    assert stored.schema.equals(stored_form(batch).schema)
    assert stored.equals(stored_form(batch))


def test_other_clients_read_the_same(databases: Databases) -> None:
    server = databases.server()
    server.create_log_tables(CONTRACT)
    server.write(judged(CLASSIFIER, [good(), b"'\xff"]))
    rows = databases.query(
        "SELECT event_id, account_id, CAST(event_timestamp AS CHAR), CAST(kafka_timestamp AS CHAR), reasons, raw, "
        f"raw_truncated FROM `{databases.logs}`.judged_logs ORDER BY source_offset"
    )
    kafka = "2024-05-06 07:08:09.123"
    assert rows == [
        (GOOD["event_id"], 684, "2021-04-29 19:28:30.000", kafka, "[]", None, 0),
        (None, None, None, kafka, '[{"path":"$","code":"invalid_utf8"}]', b"'\xff", 0),
    ]


def test_written_twice_is_there_once_and_the_last_wins(databases: Databases) -> None:
    server = databases.server()
    server.create_log_tables(CONTRACT)
    first = judged(CLASSIFIER, [good(n) for n in range(50)])
    assert (server.write(first), server.write(first)) == (50, 50)
    assert read_all(databases).equals(stored_form(first))
    other = judged(Classifier(CONTRACT, Users([(684, "IOS")])), [good(n) for n in range(50)])
    server.write(other)
    assert read_all(databases).equals(stored_form(other))


def test_pages_follow_the_key_through_all_partitions(databases: Databases) -> None:
    server = databases.server()
    server.create_log_tables(CONTRACT)
    parts = [judged(CLASSIFIER, [good(n) for n in range(9)], partition=p, first=p * 100) for p in (0, 2, 10)]
    for part in reversed([*parts, judged(CLASSIFIER, [good()], topic="other")]):
        server.write(part)
    expected = pa.concat_tables([stored_form(part) for part in parts])
    for limit in (1, 4, 9, 27, 100):
        assert read_all(databases, limit=limit).equals(expected)
    assert server.judged(CONTRACT, "t", after=(2, 203), limit=2)["source_offset"].to_pylist() == [204, 205]
    assert server.judged(CONTRACT, "nothing", after=None, limit=5).num_rows == 0


def test_large_and_view_types_are_taken(databases: Databases) -> None:
    server = databases.server()
    server.create_log_tables(CONTRACT)
    batch = judged(CLASSIFIER, [good(), b"{}", b"'\xff", None])
    reason = pa.struct([("path", pa.large_string()), ("code", pa.string_view())])
    wide = {
        pa.string(): pa.large_string(),
        pa.binary(): pa.large_binary(),
        batch["reasons"].type: pa.large_list(reason),
    }
    views = {pa.string(): pa.string_view(), pa.binary(): pa.binary_view()}
    for types in (wide, views):
        # pyarrow 20 itself crashes when it hands over what its cast to a view made; what it builds anew is sound.
        columns = [pa.array(column.to_pylist(), types.get(column.type, column.type)) for column in batch.columns]
        server.write(pa.record_batch(columns, names=batch.schema.names).slice(1))
        server.write(pa.record_batch(columns, names=batch.schema.names).slice(0, 1))
        assert read_all(databases).equals(stored_form(batch))
        databases.query(f"DELETE FROM `{databases.logs}`.judged_logs")


def test_a_time_that_no_datetime_can_say_becomes_null(databases: Databases) -> None:
    server = databases.server()
    server.create_log_tables(CONTRACT)
    batch = judged(CLASSIFIER, [good(), good()])
    micros = pa.array([2**62, -(2**62)], pa.int64()).cast(pa.timestamp("us", "UTC"))
    place = batch.schema.get_field_index("kafka_timestamp")
    server.write(batch.set_column(place, "kafka_timestamp", micros))
    assert read_all(databases)["kafka_timestamp"].to_pylist() == [None, None]


def test_batches_that_cannot_be_written_are_named(databases: Databases) -> None:
    server = databases.server()
    server.create_log_tables(CONTRACT)
    batch = judged(CLASSIFIER, [good()])
    place = batch.schema.get_field_index("source_offset")
    wrong = {
        r"column 'source_offset' \(int64\) is missing": batch.remove_column(place),
        "column 'source_offset' is Int32, int64 is wanted": batch.set_column(
            place, "source_offset", pa.array([1], pa.int32())
        ),
        "column 'source_offset' has nulls": batch.set_column(place, "source_offset", pa.array([None], pa.int64())),
        "a second column 'status'": batch.append_column("status", batch["status"]),
        "column 'extra' is Float32, string, int32": batch.append_column("extra", pa.array([1.0], pa.float32())),
    }
    for message, other in wrong.items():
        with pytest.raises(BatchError, match=message):
            server.write(other)
    with pytest.raises(BatchError, match="a RecordBatch is wanted"):
        server.write("no batch")
    assert read_all(databases).num_rows == 0


def test_an_empty_batch_is_nothing_to_write(databases: Databases) -> None:
    assert databases.server(port=1).write(judged(CLASSIFIER, [])) == 0


def test_without_the_table_the_error_says_so(databases: Databases) -> None:
    server = databases.server()
    for ask in (
        lambda: server.write(judged(CLASSIFIER, [good()])),
        lambda: server.judged(CONTRACT, "t", after=None, limit=1),
    ):
        with pytest.raises(MysqlError, match=rf"no table {databases.logs}.judged_logs; create the log tables first"):
            ask()


def test_statements_stay_below_a_small_max_allowed_packet(databases: Databases) -> None:
    databases.server().create_log_tables(CONTRACT)
    batch = judged(CLASSIFIER, [good(n) if n % 3 else b"\xff" * n for n in range(2000)])
    too_large = judged(CLASSIFIER, [b"\xff" * 5000], partition=7, first=42)
    with databases.global_variables(max_allowed_packet=8192):
        server = databases.server()
        server.write(batch)
        with pytest.raises(MysqlError, match=r"row of 't' 7 42 is larger .* than the server's max_allowed_packet"):
            server.write(too_large)
        # The connection is still good.
        server.write(batch.slice(0, 1))
    assert read_all(databases).equals(stored_form(batch))
    assert databases.server().write(too_large) == 1


def test_a_connection_killed_between_batches_is_opened_again(databases: Databases) -> None:
    server = databases.server()
    server.create_log_tables(CONTRACT)
    batch = judged(CLASSIFIER, [good()])
    with databases.connection() as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'logcore'")
        for (connection,) in cursor.fetchall():
            cursor.execute(f"KILL {connection}")
    assert server.write(batch) == 1
    assert read_all(databases).equals(stored_form(batch))


def test_a_connection_killed_in_mid_batch_loses_and_doubles_nothing(databases: Databases) -> None:
    server = databases.server()
    server.create_log_tables(CONTRACT)
    batch = judged(CLASSIFIER, [good(n) for n in range(40_000)])
    killed = threading.Event()

    def kill() -> None:
        """Kills whoever inserts into our table, as soon as the first rows are there."""
        with databases.connection() as cursor:
            while not killed.is_set():
                cursor.execute(
                    "SELECT id FROM information_schema.processlist WHERE info LIKE %s",
                    (f"INSERT INTO `{databases.logs}`%",),
                )
                for (connection,) in cursor.fetchall():
                    cursor.execute(f"KILL {connection}")
                    killed.set()

    with ThreadPoolExecutor() as pool:
        killer = pool.submit(kill)
        try:
            assert server.write(batch) == batch.num_rows
        finally:
            hit = killed.is_set()
            killed.set()
        killer.result()
    assert hit, "the batch was written before a statement was seen"
    assert read_all(databases, limit=50_000).equals(stored_form(batch))


def test_a_deadlock_is_tried_again(databases: Databases) -> None:
    server = databases.server()
    server.create_log_tables(CONTRACT)
    server.write(judged(CLASSIFIER, [good(n) for n in range(10)]))
    other = judged(Classifier(CONTRACT, Users([(684, "IOS")])), [good(n) for n in range(10)])
    databases.query(f"CREATE TABLE `{databases.logs}`.ballast (n INT)")
    deadlocks = "SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'"
    ((_, before),) = databases.query(deadlocks)
    touch = (
        f"UPDATE `{databases.logs}`.judged_logs SET raw_truncated = 1 "
        "WHERE source_topic = 't' AND source_partition = 0 AND source_offset = %s"
    )
    with databases.connection(autocommit=False) as cursor, ThreadPoolExecutor() as pool:
        # The server gives up the transaction that has changed less: not this one.
        cursor.executemany(f"INSERT INTO `{databases.logs}`.ballast VALUES (%s)", [(n,) for n in range(1000)])
        cursor.execute(touch, (9,))
        writing = pool.submit(server.write, other)
        wait_for_a_lock(databases)
        # It holds row 0 and waits for row 9; this closes the circle.
        cursor.execute(touch, (0,))
        assert not writing.done()
        cursor.execute("COMMIT")
        assert writing.result(timeout=60) == 10
    ((_, after),) = databases.query(deadlocks)
    assert int(after) > int(before)
    assert read_all(databases).equals(stored_form(other))


def wait_for_a_lock(databases: Databases) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        waiting = databases.query(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE %s", f"INSERT INTO `{databases.logs}`%"
        )
        if waiting[0][0]:
            # It runs; the rows before the locked one are its own by now.
            time.sleep(0.3)
            return
        time.sleep(0.01)
    pytest.fail("the writer never came to the lock")


def test_two_writers_of_the_same_rows(databases: Databases) -> None:
    databases.server().create_log_tables(CONTRACT)
    batch = judged(CLASSIFIER, [good(n) for n in range(5000)])
    pieces = [batch.slice(start, 500) for start in range(0, 5000, 500)]

    def write(order: list[pa.RecordBatch]) -> int:
        server = databases.server()
        return sum(server.write(piece) for piece in order)

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(write, [pieces, pieces[::-1], pieces[5:] + pieces[:5]])) == [5000] * 3
    assert read_all(databases, limit=10_000).equals(stored_form(batch))


def test_nobody_there_and_a_refused_login_are_one_line(databases: Databases) -> None:
    with pytest.raises(MysqlError, match=r"^mysql: can't reach 127\.0\.0\.1:1: Connection refused.*is it running\?$"):
        databases.server(port=1).ping()
    with pytest.raises(MysqlError, match=r"^mysql: can't reach no\.such\.host\.invalid:3306: ") as unknown:
        databases.server(host="no.such.host.invalid", port=3306).ping()
    address = f"127.0.0.1:{databases.login['port']}"
    with pytest.raises(MysqlError, match=rf"^mysql: user logcore is refused at {address}: Access denied") as refused:
        databases.server(password="very hidden").ping()
    with pytest.raises(MysqlError, match=rf"^mysql: can't reach {address}: TLS is asked for, but the server has none$"):
        databases.server(tls=True).ping()
    with pytest.raises(MysqlError, match=r"^mysql: authorities /nowhere/ca\.pem: No such file"):
        databases.server(tls_ca="/nowhere/ca.pem").ping()
    for error in (unknown, refused):
        assert "hidden" not in str(error.value)
        assert "\n" not in str(error.value)
    databases.server().ping()
    databases.server(host="localhost").ping()


def test_other_contracts_have_their_own_columns(databases: Databases) -> None:
    path = REPOSITORY / "tests" / "conformance" / "contracts" / "payments.odcs.yaml"
    contract = Contract.load(path)
    classifier = Classifier(contract, Users([("m_acme", "☎")], columns=("code", "channel")))
    log = {"channel": "☎", "merchant": "m_acme", "amount": -(2**63), "tip": 3, "settled_at": 253402300799}
    batch = judged(classifier, [json.dumps(log).encode(), b'{"channel":"\\u0000"}'])
    server = databases.server()
    server.create_log_tables(contract)
    server.write(batch)
    stored = read_all(databases, contract)
    assert stored.equals(stored_form(batch))
    assert stored["status"].to_pylist() == ["good", "bad"]


def test_every_kind_of_field_comes_back_as_the_status_record_has_it(databases: Databases) -> None:
    contract = Contract.load(REPOSITORY / "tests" / "conformance" / "readings.odcs.yaml")
    good = {
        "id": "141b3ff2-a921-11eb-bfae-367ddad5b1fa",
        "value": 12.5,
        "ok": False,
        "at": "2021-04-29T21:28:30.25+02:00",
        "day": "29.04.2021",
        "port": 65535,
        "user": {"name": "n\"'é", "home": {"zip": "\\", "since": "2021-04-29T19:28:30Z"}},
        "tags": ["a", "'", "😀"],
        "sizes": [1, -2.5, None, 1e300, -0.0],
    }
    changes = [{}, {"user": {"name": "ab"}, "tags": []}, {"value": None, "at": None, "day": None}, {"user": None}]
    logs = [json.dumps({**good, **change}).encode() for change in changes]
    batch = judged(Classifier(contract), [*logs, b"[]"])
    assert batch["status"].to_pylist() == ["good", "good", "good", "bad", "bad"]
    server = databases.server()
    server.create_log_tables(contract)
    server.write(batch)
    stored = read_all(databases, contract).combine_chunks().to_batches()[0]
    records = [json.loads(text) for text in batch["record_value"].to_pylist()]
    expected = [row_digest(record, raw_digest(record), document_digest(record)) for record in records]
    assert [digest for _, _, digest in row_digests(stored, contract)] == expected
    # Once more, as pyarrow and Spark exchange types.
    large = batch.schema.set(batch.schema.get_field_index("tags"), pa.field("tags", pa.large_list(pa.large_string())))
    server.write(batch.cast(large))
    assert read_all(databases, contract).combine_chunks().to_batches()[0].equals(stored)
