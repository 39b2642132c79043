"""Judges JSON logs against a data contract over Arrow buffers, and generates logs that know their verdict.

>>> import pyarrow as pa
>>> from logcore import Classifier, Contract, Users
>>> classifier = Classifier(Contract.server_logs(), Users([(684, "ANDROID")]))
>>> judged = classifier.classify(pa.record_batch({"value": ['{"account_id": 684}']}))
>>> judged["status"][0].as_py(), judged["reasons"][0].as_py()[0]
('bad', {'path': 'event_id', 'code': 'missing'})
"""

from __future__ import annotations

from logcore._core import (
    BatchError,
    Classifier,
    Contract,
    ContractError,
    Generator,
    GeneratorError,
    KafkaError,
    LogcoreError,
    Mysql,
    MysqlError,
    Users,
    UsersError,
    __version__,
)

__all__ = [
    "BatchError",
    "Classifier",
    "Contract",
    "ContractError",
    "Generator",
    "GeneratorError",
    "KafkaError",
    "LogcoreError",
    "Mysql",
    "MysqlError",
    "Users",
    "UsersError",
    "__version__",
]
