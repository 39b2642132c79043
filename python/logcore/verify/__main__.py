"""``python -m logcore.verify``: accounts for every log at every hop."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from logcore._core import Consumer, Contract, LogcoreError, Mysql
from logcore.elk.connection import ElasticsearchError, connect
from logcore.standard_output import OutputError, write_line
from logcore.verify.documents import read_documents
from logcore.verify.mysql_rows import read_rows
from logcore.verify.options import Options, parse
from logcore.verify.progress import Progress
from logcore.verify.report import report
from logcore.verify.result import Result
from logcore.verify.topics import read_logs, read_statuses
from logcore.verify.verdicts import Truths

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit status, as ``--help`` lists them."""
    options = parse(arguments)
    progress = Progress()
    try:
        result = _verify(options, progress)
        if options.json == "-":
            write_line(_json(result))
        else:
            if options.json is not None:
                Path(options.json).write_text(f"{_json(result)}\n", encoding="utf-8")
            write_line(report(result))
    except (LogcoreError, ElasticsearchError, OutputError) as error:
        progress.line.note(" ".join(str(error).split()))
        return 2
    except KeyboardInterrupt:
        progress.line.note("stopped before the end")
        return 130
    except OSError as error:
        if isinstance(error, BrokenPipeError) or options.json is None:
            raise
        progress.line.note(f"--json {options.json}: {error.strerror or error}")
        return 2
    return 0 if result.clean else 1


def _verify(options: Options, progress: Progress) -> Result:
    contract = Contract.load(options.contract) if options.contract is not None else Contract.server_logs()
    topic = options.input or contract.topic
    # All services are asked first: nobody wants to learn after minutes that the last one is not there.
    # A question for end offsets waits behind a fetch that waits for records: 500 ms, if left alone, twice.
    config = {"fetch.wait.max.ms": "50", **options.kafka}
    progress.line.waits(f"asking Kafka at {options.brokers} …")
    logs = Consumer(brokers=options.brokers, topic=topic, config=config)
    statuses = client = mysql = None
    try:
        statuses = Consumer(brokers=options.brokers, topic=options.output, config=config)
        if options.mysql is not None:
            mysql = Mysql(**options.mysql)
            mysql.ping()
        if options.elasticsearch is not None:
            client = connect(
                options.elasticsearch,
                user=options.elasticsearch_user,
                ca=options.elasticsearch_ca,
                request_timeout=120.0,
            )
        truths = Truths()
        ledger = read_logs(logs, topic, truths, progress)
        findings, comparison = read_statuses(statuses, options.output, ledger, truths, progress)
        hops = [findings]
        if mysql is not None:
            hops.append(read_rows(mysql, contract, ledger, progress))
        if client is not None:
            hops.append(
                read_documents(
                    client,
                    ledger,
                    progress,
                    index=options.index,
                    rejected_index=options.rejected_index,
                    status_topic=options.output,
                )
            )
        progress.done()
        progress.line.end()
        return Result.of(ledger, truths.malformed, comparison, hops)
    finally:
        logs.close()
        if statuses is not None:
            statuses.close()
        if client is not None:
            client.close()


def _json(result: Result) -> str:
    return json.dumps(result.figures(), indent=2)


if __name__ == "__main__":
    try:
        status = main()
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        # The reader left.
        status = 1
    sys.exit(status)
