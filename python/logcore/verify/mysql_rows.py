"""Looks up every row of `judged_logs` in the ledger."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from logcore.page_size import PageSize
from logcore.verify.content import row_digests
from logcore.verify.findings import EXAMPLES, Findings
from logcore.verify.ledger import AT_MYSQL, Ledger, Nowhere
from logcore.verify.progress import Progress

if TYPE_CHECKING:
    from logcore._core import Contract, Mysql

__all__ = ["read_rows"]

_PAGE_BYTES = 16 * 1024 * 1024
_PAGE_RECORDS = 20_000


def read_rows(mysql: Mysql, contract: Contract, ledger: Ledger, progress: Progress) -> Findings:
    """Compares rows with the status records seen before. Raises MysqlError."""
    findings = Findings("MySQL")
    pages = PageSize(target=_PAGE_BYTES, most=_PAGE_RECORDS)
    after: tuple[int, int] | None = None
    while True:
        batch = mysql.judged(contract, ledger.topic, after=after, limit=pages.records)
        if batch.num_rows == 0:
            break
        pages.seen(batch.num_rows, batch.nbytes)
        statuses = batch.column("status").to_pylist()
        for (partition, offset, found), status in zip(row_digests(batch, contract), statuses):
            after = partition, offset
            where = f"{ledger.topic}:{partition}:{offset}"
            place = ledger.find(partition, offset)
            if isinstance(place, Nowhere):
                findings.nowhere(place, where)
            elif place.seen_at(AT_MYSQL):
                findings.fault("doubled", where)
            else:
                findings.found(status)
                known = place.partition.row[place.at]
                if known == 0:
                    findings.uncompared += 1
                elif known != found:
                    findings.fault("changed", where)
        progress.add("MySQL", batch.num_rows)
    findings.missing = ledger.count_missing(AT_MYSQL)
    for partition, offset in islice(ledger.missing(AT_MYSQL), EXAMPLES):
        findings.example("missing", f"{ledger.topic}:{partition}:{offset}")
    return findings
