"""The consumer against a real Kafka: transactions, groups, topics that grow, and speed that doesn't get in the way."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from confluent_kafka import Producer as ForeignProducer
from confluent_kafka.admin import AdminClient, NewPartitions

from logcore._core import Consumer, Contract, KafkaError, Producer, Users, ensure_topic, send_records
from services import Stack

Topic = Callable[[str], str]

SCHEMA = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", pa.timestamp("ms", "UTC")),
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
        pa.field(
            "headers",
            pa.list_(
                pa.field(
                    "item",
                    pa.struct([pa.field("key", pa.string(), nullable=False), pa.field("value", pa.binary())]),
                    nullable=False,
                )
            ),
            nullable=False,
        ),
    ]
)


def read_to_end(consumer: Consumer, seconds: float = 60) -> list[dict[str, Any]]:
    ends = consumer.end_offsets()
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + seconds
    while not consumer.at_end(ends):
        assert time.monotonic() < deadline, (len(found), ends, consumer.position())
        batch = consumer.poll(10_000, 0.1)
        if batch is not None:
            found += batch.to_pylist()
    return found


def values(found: list[dict[str, Any]]) -> list[bytes]:
    return [row["value"] for row in found]


def foreign(brokers: str, **config: Any) -> ForeignProducer:
    return ForeignProducer({"bootstrap.servers": brokers, **{name.replace("_", "."): config[name] for name in config}})


def transactional(brokers: str, name: str) -> ForeignProducer:
    producer = foreign(brokers, transactional_id=name)
    producer.init_transactions(30)
    return producer


def send(producer: ForeignProducer, topic: str, texts: list[str], partition: int = 0) -> None:
    for text in texts:
        producer.produce(topic, text, partition=partition)
    producer.flush(30)


def test_records_come_with_everything_in_the_agreed_form(stack: Stack, topic: Topic) -> None:
    ensure_topic(stack.brokers, topic("form"), partitions=1)
    producer = foreign(stack.brokers)
    producer.produce(
        topic("form"), b"v", b"k", headers=[("a", b"1"), ("a", None), ("", b"")], timestamp=1_700_000_000_123
    )
    producer.produce(topic("form"), None, b"")
    producer.produce(topic("form"), b"\xff\x00", None)
    producer.flush(30)
    consumer = Consumer(brokers=stack.brokers, topic=topic("form"))
    batch = consumer.poll(10, 10.0)
    consumer.close()
    assert batch.schema == SCHEMA
    assert batch.num_rows == 3
    assert batch["offset"].to_pylist() == [0, 1, 2]
    assert batch["key"].to_pylist() == [b"k", b"", None]
    assert batch["value"].to_pylist() == [b"v", None, b"\xff\x00"]
    assert batch["headers"][0].as_py() == [
        {"key": "a", "value": b"1"}, {"key": "a", "value": None}, {"key": "", "value": b""}
    ]  # fmt: skip
    assert batch["headers"][1].as_py() == []
    assert batch["timestamp"][0].value == 1_700_000_000_123


def test_a_missing_topic_is_an_error_and_is_not_created(stack: Stack, topic: Topic) -> None:
    for group in (None, "some"):
        with pytest.raises(KafkaError, match=rf"^kafka: topic {topic('missing')} does not exist at {stack.brokers}; "):
            Consumer(brokers=stack.brokers, topic=topic("missing"), group=group)
    assert topic("missing") not in AdminClient({"bootstrap.servers": stack.brokers}).list_topics().topics


def test_ensure_topic_says_whether_it_made_it(stack: Stack, topic: Topic) -> None:
    assert ensure_topic(stack.brokers, topic("made"), partitions=3)
    assert not ensure_topic(stack.brokers, topic("made"), partitions=7)
    consumer = Consumer(brokers=stack.brokers, topic=topic("made"))
    assert consumer.end_offsets() == {0: 0, 1: 0, 2: 0}
    consumer.close()
    with pytest.raises(KafkaError, match=r"can't be created: .*replication factor"):
        ensure_topic(stack.brokers, topic("copies"), replication=3)
    with pytest.raises(KafkaError, match="topic b@d"):
        ensure_topic(stack.brokers, "b@d")


def test_many_who_ensure_the_same_topic_make_it_once(stack: Stack, topic: Topic) -> None:
    made: list[bool] = []
    threads = [
        threading.Thread(target=lambda: made.append(ensure_topic(stack.brokers, topic("race")))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, False, False, False, True]


@pytest.mark.parametrize("group", [None, "readers"])
def test_aborted_and_open_transactions_stay_out_and_the_end_is_seen(
    group: str | None, stack: Stack, topic: Topic
) -> None:
    name = topic("transactions")
    ensure_topic(stack.brokers, name, partitions=2)
    producer = transactional(stack.brokers, topic("id"))
    for text, commit in (("a", True), ("b", False), ("c", True), ("d", False)):
        producer.begin_transaction()
        send(producer, name, [f"{text}{i}" for i in range(10)])
        producer.commit_transaction(30) if commit else producer.abort_transaction(30)
    consumer = Consumer(brokers=stack.brokers, topic=name, group=group)
    # The last that partition 0 holds are aborted records and a marker, and partition 1 is empty.
    found = read_to_end(consumer)
    assert values(found) == [f"{text}{i}".encode() for text in "ac" for i in range(10)]
    assert consumer.position() == {0: 44, 1: 0}
    if group is not None:
        consumer.commit()

    producer.begin_transaction()
    send(producer, name, ["open"])
    assert consumer.end_offsets() == {0: 44, 1: 0}
    assert consumer.poll(10, 1.0) is None
    other = Consumer(brokers=stack.brokers, topic=name, read_committed=False)
    assert len(read_to_end(other)) == 41
    other.close()
    producer.commit_transaction(30)
    assert values(read_to_end(consumer)) == [b"open"]
    consumer.close()
    if group is not None:
        again = Consumer(brokers=stack.brokers, topic=name, group=group)
        assert values(read_to_end(again)) == [b"open"]
        again.close()


def test_a_topic_of_which_nothing_is_left_is_at_its_end(stack: Stack, topic: Topic) -> None:
    from confluent_kafka import TopicPartition

    name = topic("purged")
    ensure_topic(stack.brokers, name, partitions=1)
    send(foreign(stack.brokers), name, ["x"] * 10)
    reading = Consumer(brokers=stack.brokers, topic=name)
    first = reading.poll(4, 10.0)
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    for future in admin.delete_records([TopicPartition(name, 0, 10)]).values():
        future.result(30)
    for consumer in (
        Consumer(brokers=stack.brokers, topic=name),
        Consumer(brokers=stack.brokers, topic=name, group="g"),
    ):
        assert consumer.end_offsets() == {0: 10}
        assert read_to_end(consumer) == []
        consumer.close()
    # One that had read some of it gets the rest that it had fetched already, or sees that it is gone.
    assert first.num_rows + len(read_to_end(reading)) in (4, 10)
    reading.close()


def test_a_group_goes_on_and_a_reader_without_one_starts_over(stack: Stack, topic: Topic) -> None:
    name = topic("resume")
    ensure_topic(stack.brokers, name, partitions=2)
    send(foreign(stack.brokers), name, [str(i) for i in range(100)])
    first = Consumer(brokers=stack.brokers, topic=name, group="resume")
    seen: list[bytes] = []
    while len(seen) < 40:
        batch = first.poll(40 - len(seen), 10.0)
        seen += values(batch.to_pylist())
    first.commit()
    assert first.poll(5, 10.0).num_rows > 0
    first.close()

    second = Consumer(brokers=stack.brokers, topic=name, group="resume")
    seen += values(read_to_end(second))
    second.commit()
    second.close()
    assert seen == [str(i).encode() for i in range(100)]

    for _ in range(2):
        reader = Consumer(brokers=stack.brokers, topic=name)
        assert len(read_to_end(reader)) == 100
        with pytest.raises(KafkaError, match="without a group"):
            reader.commit()
        reader.close()


def test_members_of_a_group_take_over_from_each_other(stack: Stack, topic: Topic) -> None:
    name = topic("members")
    ensure_topic(stack.brokers, name, partitions=4)
    producer = foreign(stack.brokers)
    for partition in range(4):
        send(producer, name, [f"{partition}-{i}" for i in range(500)], partition)
    members = [Consumer(brokers=stack.brokers, topic=name, group="pair") for _ in range(2)]
    ends = members[0].end_offsets()
    seen: set[bytes] = set()
    deadline = time.monotonic() + 90
    while not all(member.at_end(ends) for member in members):
        assert time.monotonic() < deadline, len(seen)
        for member in members:
            batch = member.poll(50, 0.05)
            if batch is not None:
                seen |= set(batch["value"].to_pylist())
            # While the group shares out anew it may be refused; the next one covers it.
            with contextlib.suppress(KafkaError):
                member.commit()
    assert len(seen) == 2000
    # One may have read everything before the other had joined.
    while sorted(p for member in members for p in member.position()) != [0, 1, 2, 3]:
        assert time.monotonic() < deadline
        for member in members:
            member.poll(50, 0.05)
    members[0].close()
    while len(members[1].position()) < 4:
        assert time.monotonic() < deadline
        members[1].poll(50, 0.1)
    members[1].close()


def test_partitions_that_come_later_are_read_too(stack: Stack, topic: Topic) -> None:
    name = topic("grows")
    ensure_topic(stack.brokers, name, partitions=1)
    send(foreign(stack.brokers), name, ["old"])
    consumer = Consumer(brokers=stack.brokers, topic=name)
    assert values(read_to_end(consumer)) == [b"old"]
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    for future in admin.create_partitions([NewPartitions(name, 3)]).values():
        future.result(30)
    deadline = time.monotonic() + 20
    while len(admin.list_topics(name).topics[name].partitions) < 3:
        assert time.monotonic() < deadline
    send(foreign(stack.brokers), name, ["new"], partition=2)
    assert values(read_to_end(consumer)) == [b"new"]
    assert consumer.position() == {0: 1, 1: 0, 2: 1}
    consumer.close()


def test_a_closed_consumer_says_so(stack: Stack, topic: Topic) -> None:
    ensure_topic(stack.brokers, topic("closed"))
    consumer = Consumer(brokers=stack.brokers, topic=topic("closed"))
    consumer.close()
    consumer.close()
    with pytest.raises(KafkaError, match="the consumer is closed"):
        consumer.poll(1, 0.0)


def test_a_poll_leaves_other_threads_running(stack: Stack, topic: Topic) -> None:
    ensure_topic(stack.brokers, topic("idle"))
    consumer = Consumer(brokers=stack.brokers, topic=topic("idle"))
    polled = threading.Thread(target=lambda: consumer.poll(1, 1.0))
    polled.start()
    turns = 0
    while polled.is_alive():
        turns += 1
        time.sleep(0.01)
    assert turns > 30
    consumer.close()


def test_no_broker_is_one_line(topic: Topic) -> None:
    with pytest.raises(KafkaError, match=r"^kafka: no broker answers at 127\.0\.0\.1:1 \(.*refused\); ") as error:
        Consumer(brokers="127.0.0.1:1", topic=topic("none"))
    assert "\n" not in str(error.value)


def test_a_hundred_thousand_logs_come_as_they_were_sent(stack: Stack, topic: Topic) -> None:
    name, contract = topic("many"), Contract.server_logs()
    ensure_topic(stack.brokers, name)
    producer = Producer(
        contract, Users.generate(contract, seed=1), brokers=stack.brokers, topic=name, rate=None, count=100_000,
        duration=None, threads=2, seed=1, start=1_700_000_000, bad_rate=None, suspicious_rate=None, truth=True,
        config={},
    )  # fmt: skip
    assert producer.join(120)
    consumer = Consumer(brokers=stack.brokers, topic=name)
    ends, rows, size = consumer.end_offsets(), 0, 0
    assert sum(ends.values()) == 100_000
    while not consumer.at_end(ends):
        batch = consumer.poll(20_000, 1.0)
        if batch is not None:
            rows += batch.num_rows
            size += sum(len(value) for value in batch["value"].to_pylist())
    consumer.close()
    assert (rows, size) == (100_000, producer.stats()["bytes"])


def test_a_reader_begins_where_it_is_told(stack: Stack, topic: Topic) -> None:
    name = topic("starts")
    ensure_topic(stack.brokers, name, partitions=2)
    client = foreign(stack.brokers)
    for partition, second in ((0, 100), (0, 200), (0, 300), (1, 100)):
        client.produce(name, b"%d" % second, partition=partition, timestamp=second * 1000)
    assert client.flush(30) == 0

    def found(start: Any) -> list[tuple[int, bytes]]:
        consumer = Consumer(brokers=stack.brokers, topic=name, start=start)
        rows = read_to_end(consumer)
        consumer.close()
        return sorted((row["partition"], row["value"]) for row in rows)

    everything = [(0, b"100"), (0, b"200"), (0, b"300"), (1, b"100")]
    assert found("earliest") == everything
    assert found("latest") == []
    assert found(200_000) == [(0, b"200"), (0, b"300")]
    assert found(200_001) == [(0, b"300")]
    assert found(300_001) == []
    assert found(-5) == everything
    # Only the partitions that are named.
    consumer = Consumer(brokers=stack.brokers, topic=name, start={0: 1})
    batch = consumer.poll(100, 10.0)
    assert batch is not None
    assert values(batch.to_pylist()) == [b"200", b"300"]
    assert consumer.position() == {0: 3}
    consumer.close()


def test_a_partition_that_comes_later_is_read_from_its_first_record(stack: Stack, topic: Topic) -> None:
    name = topic("later")
    ensure_topic(stack.brokers, name, partitions=1)
    consumer = Consumer(brokers=stack.brokers, topic=name, start="latest")
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    admin.create_partitions([NewPartitions(name, 2)])[name].result(30)
    client = foreign(stack.brokers)
    client.produce(name, b"late", partition=1)
    assert client.flush(30) == 0
    deadline = time.monotonic() + 30
    while len(consumer.end_offsets()) < 2:
        assert time.monotonic() < deadline
    assert values(read_to_end(consumer)) == [b"late"]
    consumer.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"start": "yesterday"}, "can't be read from yesterday: earliest or latest"),
        ({"start": {7: 0}}, "has no partition 7"),
        ({"start": "latest", "group": "somebody"}, "a group begins at its own offsets"),
    ],
)
def test_a_start_that_can_not_be_is_an_error(stack: Stack, topic: Topic, options: dict[str, Any], said: str) -> None:
    name = topic("nowhere")
    ensure_topic(stack.brokers, name, partitions=1)
    with pytest.raises(KafkaError, match=said):
        Consumer(brokers=stack.brokers, topic=name, **options)


def test_records_are_sent_as_they_are_given(stack: Stack, topic: Topic) -> None:
    name = topic("sent")
    ensure_topic(stack.brokers, name, partitions=3)
    records: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]] = [
        (None, b"\xff\x00", [("logcore.replay_of", b"a:0:1"), ("twice", b"1"), ("twice", None)]),
        (b"key", None, []),
        *((b"%d" % number, b"x" * 1000, []) for number in range(500)),
    ]
    placed = send_records(stack.brokers, name, records)
    assert all(isinstance(place, tuple) for place in placed)
    consumer = Consumer(brokers=stack.brokers, topic=name)
    there = {(row["partition"], row["offset"]): row for row in read_to_end(consumer)}
    consumer.close()
    assert len(there) == len(set(placed)) == len(records)
    for place, (key, value, headers) in zip(placed, records, strict=True):
        row = there[place]  # type: ignore[index]
        assert (row["key"], row["value"]) == (key, value)
        assert [(header["key"], header["value"]) for header in row["headers"]] == headers


def test_a_record_that_is_refused_says_why_and_costs_no_other(stack: Stack, topic: Topic) -> None:
    name = topic("refused")
    ensure_topic(stack.brokers, name, partitions=1)
    placed = send_records(stack.brokers, name, [(None, b"a", []), (None, b"x" * 2_000_000, []), (None, b"b", [])])
    assert [placed[0], placed[2]] == [(0, 0), (0, 1)]
    assert "Message size too large" in str(placed[1])
    assert send_records(stack.brokers, name, []) == []
    with pytest.raises(KafkaError, match="does not exist"):
        send_records(stack.brokers, f"{name}-missing", [(None, b"a", [])])
    with pytest.raises(KafkaError, match="no broker answers"):
        send_records("127.0.0.1:1", name, [(None, b"a", [])])
