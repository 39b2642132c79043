"""The mapInArrow adapter: Kafka's columns in, judged rows out, by a classifier that each worker process keeps."""

from __future__ import annotations

import platform
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from logcore._core import Classifier, Contract, Users, __version__
from logcore.spark.schema import spark_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark import Broadcast
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

__all__ = [
    "KAFKA_COLUMNS",
    "RECORD_COLUMNS",
    "Snapshot",
    "Texts",
    "Versions",
    "classifier_for",
    "judge",
    "judge_with",
    "judged_schema",
]

KAFKA_COLUMNS = ("value", "topic", "partition", "offset", "timestamp")
"""What judging reads of the columns of Spark's Kafka source."""

RECORD_COLUMNS = ("record_key", "record_value", "record_headers")
"""What of a judged row goes to the status topic alone."""

# One for the running batch, one for the next, and some for notebooks that compare contracts.
_KEPT_CLASSIFIERS = 4

# Judged rows of a batch this large are several times as many bytes, so a larger one goes through in parts.
_PART_BYTES = 64 * 1024 * 1024

Versions = tuple[str, str]
"""The version of a contract and the version of the users, empty without users."""

Texts = tuple[str, str, Optional[str]]
"""The driver's version of logcore, the contract's YAML and the users' CSV, None without users."""


@dataclass(frozen=True)
class Snapshot:
    """All that verdicts depend on beside the bytes: a contract, and the users if it looks any up."""

    contract: Contract
    users: Users | None

    @property
    def versions(self) -> Versions:
        """Names this snapshot: equal versions, equal verdicts."""
        return self.contract.version, "" if self.users is None else self.users.version

    @property
    def texts(self) -> Texts:
        """What crosses to the workers, where neither class pickles, with the wheel that it was made by."""
        return __version__, self.contract.text, None if self.users is None else self.users.csv


def judge(df: DataFrame, *, contract: Contract | None = None, users: Users | None = None) -> DataFrame:
    """Judges the rows of `df`, which has the columns of Spark's Kafka source: value (binary or string), topic,
    partition, offset, timestamp; others are ignored.

    The rows that come out, one for each that goes in, have the contract's fields, `status`, `reasons`, where the log
    came from, and what both sinks of the processor need (see `logcore.Classifier.judge`). Without `contract` it is the
    one for server logs. Lazy, like every transformation. Raises UsersError where the contract looks users up and there
    are none, or of other columns.

        >>> from logcore import Users
        >>> from logcore.spark import judge
        >>> logs = spark.read.format("kafka").option("kafka.bootstrap.servers", "localhost:9092")
        >>> logs = logs.option("subscribe", "server-logs").load()
        >>> judge(logs, users=Users.from_csv("users.csv")).groupBy("status").count().show()
    """
    snapshot = Snapshot(Contract.server_logs() if contract is None else contract, users)
    schema = judged_schema(snapshot)
    broadcast = df.sparkSession.sparkContext.broadcast(snapshot.texts)
    return judge_with(df, snapshot.versions, broadcast, schema)


def judged_schema(snapshot: Snapshot) -> StructType:
    """The schema of judged rows. Raises UsersError where the users don't fit the contract."""
    return spark_schema(Classifier(snapshot.contract, snapshot.users).judged_schema)


def judge_with(df: DataFrame, versions: Versions, texts: Broadcast[Texts], schema: StructType) -> DataFrame:
    """`judge` by a snapshot whose texts the caller has broadcast, and may destroy when no frame needs them again."""

    # Pickled by value; what it calls goes by reference, so the cache stays the worker process's own.
    def judge_logs(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return judge_batches(batches, versions, texts)

    return df.select(*KAFKA_COLUMNS).mapInArrow(judge_logs, schema)


def judge_batches(
    batches: Iterable[pa.RecordBatch], versions: Versions, texts: Broadcast[Texts]
) -> Iterator[pa.RecordBatch]:
    """Runs in a worker. Yields at least one judged batch for each batch, rows in order."""
    for batch in batches:
        classifier = classifier_for(versions, texts)
        for part in _parts(batch):
            yield classifier.judge(part)


_classifiers: OrderedDict[Versions, Classifier] = OrderedDict()


def classifier_for(versions: Versions, texts: Broadcast[Texts]) -> Classifier:
    """This process's classifier for `versions`; `texts` is fetched only where there is none yet.

    Raises RuntimeError where the driver has another wheel: the two could differ in their verdicts.
    """
    classifier = _classifiers.pop(versions, None)
    if classifier is None:
        wheel, contract, users = texts.value
        if wheel != __version__:
            raise RuntimeError(
                f"the driver has logcore {wheel} and the node {platform.node()} has {__version__}; install the same "
                "wheel on each node"
            )
        # Spark runs a task on each core already.
        parsed = None if users is None else Users.parse(users)
        classifier = Classifier(Contract.parse(contract), parsed, threads=1)
    _classifiers[versions] = classifier
    while len(_classifiers) > _KEPT_CLASSIFIERS:
        _classifiers.popitem(last=False)
    return classifier


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Halves of halves until each is small in bytes or a single row."""
    if batch.nbytes <= _PART_BYTES or batch.num_rows <= 1:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _parts(batch.slice(0, half))
    yield from _parts(batch.slice(half))
