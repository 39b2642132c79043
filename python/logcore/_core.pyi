"""The Rust core, as Python sees it."""

import os
from collections.abc import Iterable
from typing import Any, Final, final

__all__ = [
    "CODES",
    "STATUSES",
    "BatchError",
    "Classifier",
    "Consumer",
    "Contract",
    "ContractError",
    "Generator",
    "GeneratorError",
    "KafkaError",
    "LogcoreError",
    "Mysql",
    "MysqlError",
    "Processor",
    "Producer",
    "RangeProcessor",
    "Users",
    "UsersError",
    "__version__",
    "ensure_topic",
    "send_records",
    "topic_offsets",
]

__version__: Final[str]
STATUSES: Final[tuple[str, ...]]
CODES: Final[tuple[str, ...]]

class LogcoreError(Exception):
    """Base of every error that logcore raises on purpose."""

class ContractError(LogcoreError, ValueError):
    """A contract that can't be compiled; the message names the path in it."""

class UsersError(LogcoreError, ValueError):
    """A users table that can't be read or doesn't fit the contract."""

class BatchError(LogcoreError, ValueError):
    """A batch that can't be judged or written: a column is missing or has another type. Never raised for a bad log."""

class GeneratorError(LogcoreError, ValueError):
    """Options or a contract from which no logs can be generated."""

class KafkaError(LogcoreError):
    """Kafka can't be reached, or refused something."""

class MysqlError(LogcoreError):
    """MySQL can't be reached, or refused something."""

@final
class Contract:
    """A compiled data contract (Open Data Contract Standard 3.1). Immutable; does not pickle: send `.text`."""

    @staticmethod
    def server_logs() -> Contract:
        """The contract that this project ships."""
    @staticmethod
    def load(path: str | os.PathLike[str]) -> Contract:
        """Reads a contract file. Raises ContractError (also for a file that can't be read)."""
    @staticmethod
    def parse(text: str) -> Contract:
        """Compiles a contract's YAML text. Raises ContractError."""
    @property
    def text(self) -> str:
        """The YAML it was compiled from."""
    @property
    def version(self) -> str:
        """16 hex digits of the SHA-256 of `text`."""
    @property
    def name(self) -> str:
        """The schema's name, such as `server_logs`."""
    @property
    def topic(self) -> str:
        """The schema's physicalName, else its name: the Kafka topic that it describes, such as `server-logs`."""
    @property
    def field_names(self) -> list[str]: ...
    @property
    def field_types(self) -> list[str]:
        """For each field `string`, `int32`, `int64`, `double`, `boolean`, `timestamp`, `date`, `struct` or `list`."""
    @property
    def structure(self) -> list[tuple[str, str, list[Any]]]:
        """For each field (name, type, what is within it): a struct's fields, a list's one item, in the same form."""
    def _repr_html_(self) -> str:
        """What Jupyter shows: `explain` as a table."""
    def explain(self) -> str:
        """Every rule in words, with the code that a log gets for breaking it."""
    def json_schema(self) -> str:
        """The contract as JSON Schema 2020-12; what that can't say stands there as `$comment`."""
    @property
    def lookup(self) -> tuple[list[str], str, list[str]] | None:
        """(fields looked up, the table's name, its columns), such as
        (["account_id", "device"], "users", ["account_id", "device"]); None without a relationship."""

@final
class Users:
    """The users dimension: a set of rows of one or two columns. Immutable. Values are compared by their text, an
    integer's being its canonical decimal form."""

    def __new__(cls, pairs: Iterable[tuple[int | str, ...]], columns: tuple[str, ...] | None = None) -> Users: ...
    @staticmethod
    def from_csv(path: str | os.PathLike[str]) -> Users:
        """Reads a CSV whose header names the columns. Raises UsersError naming the line."""
    @staticmethod
    def from_mysql(
        contract: Contract,
        *,
        host: str,
        port: int,
        user: str,
        password: str | None = None,
        tls_ca: str | None = None,
        tls: bool = False,
        users_database: str = "dim_users",
    ) -> Users:
        """The users table of a MySQL server, by the contract's lookup. Raises MysqlError, UsersError."""
    @staticmethod
    def parse(csv: str) -> Users:
        """The same from text."""
    @staticmethod
    def generate(contract: Contract, *, seed: int, accounts: int = 1000) -> Users:
        """Accounts 1 to `accounts`, each with one device, drawn by the contract's weights."""
    @property
    def csv(self) -> str:
        """The content as CSV with a header, rows sorted: the same set gives the same text."""
    @property
    def version(self) -> str:
        """16 hex digits of the SHA-256 of `csv`."""
    @property
    def columns(self) -> tuple[str, ...]: ...
    def pairs(self) -> list[tuple[str, ...]]:
        """The rows as text, sorted."""
    def __len__(self) -> int: ...

@final
class Classifier:
    """Judges logs. Build one per process and keep it; does not pickle."""

    def __new__(cls, contract: Contract, users: Users | None = None, *, threads: int | None = None) -> Classifier:
        """`threads`, 1 or more, is how many judge a batch with 8,192 rows or more for each; None is one a core.
        Verdicts don't depend on it. Raises UsersError where the contract looks users up and there are none or of other
        columns or types."""
    def classify(self, batch: Any, *, column: str = "value", dictionary: bool = False) -> Any:
        """A RecordBatch (any object with the Arrow C interface) with a string or binary column `value` in, a pyarrow
        RecordBatch out: the contract's fields, `status`, `reasons`, then the other input columns unchanged. One row
        out for each row in, in order. With `dictionary` the status and the fields whose values the contract lists are
        dictionary<int32, string> (not for Spark, which refuses them). Raises BatchError."""
    def codes(self, batch: Any, *, column: str = "value") -> list[Any]:
        """The verdicts in numbers, as pyarrow arrays without nulls: each log's status (uint8, its place in STATUSES),
        where each log's reasons begin and the last one's end (int32, one more than logs), each reason's code (uint8,
        its place in CODES) and field (uint16, 65,535 for the whole log). `logcore.arrays` shows them as numpy's.
        Raises BatchError."""
    def judge(self, batch: Any) -> Any:
        """Kafka's columns in (value, topic, partition, offset, timestamp; others are ignored), everything that both
        sinks need out: the contract's fields, status, reasons, source_topic (string), source_partition (int32),
        source_offset (int64), kafka_timestamp (timestamp[us, UTC]), users_version (string), raw (binary, the first
        262,144 payload bytes, null unless bad), raw_truncated (bool), record_key (string), record_value (string, the
        status record's JSON), record_headers (list<struct<key: string, value: binary>>). Raises BatchError."""
    @property
    def judged_schema(self) -> Any:
        """The pyarrow.Schema of what `judge` returns."""
    @property
    def users_version(self) -> str:
        """The users' version, the empty string without users."""

@final
class Generator:
    """Seeded logs, each with the verdict it should get; without users none is suspicious. Record i is a function of
    (contract, users, seed, start, rate, rates of bad and suspicious, i). Of an object's optional fields one in four is
    left out; an array has up to three items."""

    def __new__(
        cls,
        contract: Contract,
        users: Users | None = None,
        *,
        seed: int,
        start: int = ...,
        rate: float = 1000.0,
        bad_rate: float | None = None,
        suspicious_rate: float | None = None,
    ) -> Generator: ...
    def batch(self, n: int) -> Any:
        """The next n as a pyarrow RecordBatch: value (string), expected_status (string), expected_reasons
        (list<struct<path, code>>)."""
    @property
    def position(self) -> int:
        """The index of the next record."""
    def _repr_html_(self) -> str:
        """What Jupyter shows: the options, and the next five logs, which are still to come afterwards."""
    def seek(self, index: int) -> None: ...

@final
class Producer:
    """Generates and sends logs from threads of its own; Python only watches."""

    def __new__(
        cls,
        contract: Contract,
        users: Users | None,
        *,
        brokers: str,
        topic: str,
        rate: float | None,
        count: int | None,
        duration: float | None,
        threads: int,
        seed: int,
        start: int,
        bad_rate: float | None,
        suspicious_rate: float | None,
        truth: bool,
        config: dict[str, str],
        shard: tuple[int, int] = ...,
        partitions: int | None = None,
    ) -> Producer:
        """Starts at once; rate None is as fast as can be. `shard` (i, n), (0, 1) by default, sends the records i,
        i + n, i + 2n … of the stream that rate and count speak of. With `partitions`, a topic that is missing is
        created with so many. Raises KafkaError where no broker answers, GeneratorError."""
    @property
    def created_topic(self) -> bool:
        """Whether it created the topic."""
    def stats(self) -> dict[str, Any]:
        """generated, sent, acknowledged, failed (ints), bytes, elapsed (s), rate (acknowledged/s over the last
        second or so), done (bool), error (str or None: the first failure), lag_p50, lag_p99, lag_max (s behind the due
        time, None without a rate)."""
    def stop(self) -> None:
        """Generates no more; what is in flight is still flushed."""
    def join(self, timeout: float) -> bool:
        """Waits up to `timeout` s; True when every record is acknowledged or failed."""

@final
class Consumer:
    """Reads whole topics as Arrow batches."""

    def __new__(
        cls,
        *,
        brokers: str,
        topic: str,
        group: str | None = None,
        start: str | int | dict[int, int] = ...,
        read_committed: bool = True,
        config: dict[str, str] | None = None,
    ) -> Consumer:
        """With a group: its committed offsets, else earliest. Without one nothing is committed, and reading begins at
        `start`: "earliest" (unless given), "latest", the first records that aren't before a time in ms since 1970, or
        offsets by partition, those partitions alone. Raises KafkaError where no broker answers or the topic does not
        exist."""
    def poll(self, max_records: int, timeout: float) -> Any | None:
        """The next records as a pyarrow RecordBatch: partition (int32), offset (int64), timestamp (timestamp[ms, UTC]),
        key (binary), value (binary), headers (list<struct<key: string, value: binary>>). None when nothing came in
        `timeout` s."""
    def end_offsets(self) -> dict[int, int]:
        """For each partition the offset after its last (committed) record, now."""
    def position(self) -> dict[int, int]:
        """For each partition assigned to this consumer the next offset to be read (transaction markers skipped as they
        pass)."""
    def at_end(self, ends: dict[int, int]) -> bool:
        """True when every partition of `ends` has been read up to that offset; one that another member reads
        counts when it has committed so far. Progress comes from `poll`: call it in between."""
    def commit(self) -> None:
        """Commits what `poll` has returned so far from partitions still assigned, and waits for the broker's answer.
        Raises KafkaError, also without a group."""
    def close(self) -> None: ...

def ensure_topic(
    brokers: str, topic: str, *, partitions: int = 4, replication: int = 1, config: dict[str, str] | None = None
) -> bool:
    """Creates the topic where it is missing; True if it did. `replication` -1 leaves copies to the brokers, `config`
    are the client's properties. Raises KafkaError."""

def send_records(
    brokers: str,
    topic: str,
    records: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]],
    *,
    config: dict[str, str] | None = None,
) -> list[tuple[int, int] | str]:
    """Sends records (key, value, headers) to a topic that is there, and waits: for each its partition and offset, or
    why the brokers don't have it. Raises KafkaError, then nothing was sent."""

@final
class Mysql:
    """One MySQL server, a connection opened at need. Does not pickle."""

    def __new__(
        cls,
        *,
        host: str,
        port: int,
        user: str,
        password: str | None = None,
        tls_ca: str | None = None,
        tls: bool = False,
        logs_database: str = "logs",
        users_database: str = "dim_users",
    ) -> Mysql: ...
    def ping(self) -> None:
        """Raises MysqlError where the server can't be reached or refuses the login."""
    def create_users_table(self, contract: Contract) -> None:
        """Creates the users database and table where missing, its columns by the contract's lookup."""
    def users_table_exists(self, contract: Contract) -> bool:
        """Whether the users table is there, with rows or without."""
    def read_users(self, contract: Contract) -> Users:
        """The users table now. Raises MysqlError (also where there is no table), UsersError for a null in a row."""
    def fill_users(self, users: Users, contract: Contract, *, replace: bool = False) -> int:
        """Adds rows that are missing (with replace: and removes the others, in one transaction); the rows changed."""
    def create_log_tables(self, contract: Contract) -> None:
        """Creates database, table `judged_logs` and the views good_logs, bad_logs, suspicious_logs where missing."""
    def write(self, batch: Any) -> int:
        """Upserts judged rows (what `Classifier.judge` returns, the record columns may be left out). The rows sent."""
    def judged(self, contract: Contract, source_topic: str, *, after: tuple[int, int] | None, limit: int) -> Any:
        """Rows of judged_logs in primary-key order after (partition, offset), as a pyarrow RecordBatch in the form of
        `Classifier.judge` without the record columns. Verify reads them."""

@final
class Processor:
    """Reads a topic as a member of a consumer group, judges it and writes the status topic, in transactions that hold
    the group's offsets as well: exactly once for whoever reads what is committed. Works in threads of its own."""

    def __new__(
        cls,
        contract: Contract,
        users: Users | None,
        *,
        brokers: str,
        input: str,
        output: str,
        group: str,
        run: str,
        instance: str | None,
        start: str,
        threads: int,
        interval: float,
        most: int,
        until_end: bool,
        config: dict[str, str],
        mysql: dict[str, Any] | None,
    ) -> Processor:
        """Starts at once. `run` tells this process from others of the group; `instance` is a name that it keeps when it
        is started again. `start`: earliest or latest, for a group without offsets. A transaction collects logs for
        `interval` s at least, and has `most` logs at most. `until_end` ends with what is on the topic now. `mysql`:
        the arguments of Mysql; None writes to the topic only. Raises KafkaError where no broker answers or a topic is
        missing, UsersError."""
    def set_users(self, contract: Contract, users: Users) -> None:
        """From the next transaction on these count."""
    def stats(self) -> dict[str, Any]:
        """good, bad, suspicious, bytes, transactions (all committed), retries (transactions that came to nothing), lag
        (logs not committed yet; None until that is known, where a thread has not looked for a minute, and in trouble),
        trouble (str or None: what a thread tries again after), elapsed (s), done (bool), error (str or None)."""
    def stop(self) -> None:
        """Reads no more; what is under way is committed."""
    def join(self, timeout: float) -> bool:
        """Waits up to `timeout` s; True when all threads have ended."""

@final
class RangeProcessor:
    """Moves ranges of offsets that somebody else has planned, each exactly once, under an id that shuts out whoever had
    it before."""

    def __new__(
        cls,
        *,
        brokers: str,
        input: str,
        output: str,
        id: str,
        config: dict[str, str],
        mysql: dict[str, Any] | None = None,
    ) -> RangeProcessor:
        """Asks nothing yet. `id` names the transactions and the group whose offsets say what is done."""
    def process(
        self, classifier: Classifier, batch: int, plan: str, ranges: list[tuple[int, int, int]]
    ) -> list[tuple[int, int, int, int, int, int, int, int]]:
        """Moves the ranges (partition, from, until), at most one of a partition. What an earlier call for the same
        `plan`, a word, has committed isn't done again, but counted: (partition, from, until, good, bad, suspicious,
        bytes, end of the partition). Raises KafkaError, also where offsets are gone or not there yet, or where a later
        `batch` has been moved; MysqlError."""

def topic_offsets(brokers: str, topic: str, *, config: dict[str, str] | None = None) -> dict[int, tuple[int, int]]:
    """The first offset of each partition and the one after its last. Raises KafkaError."""
