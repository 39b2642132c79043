"""``python -m logcore.indexer``: from the status topic into Elasticsearch."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence

from logcore._core import Consumer, Contract, LogcoreError
from logcore.elk.connection import ElasticsearchError, connect
from logcore.elk.pipeline_template import PIPELINE_INDEX, pipeline_template
from logcore.elk.template import rejected_template, status_template
from logcore.elk.template_writer import put_template
from logcore.indexer.delivery import Delivery
from logcore.indexer.loop import run
from logcore.indexer.options import Options, parse
from logcore.indexer.outage import Outage, Stopped
from logcore.indexer.preparation import request_limit
from logcore.indexer.progress import Progress
from logcore.metrics.port import Expose, MetricsError, exposed
from logcore.standard_output import OutputError, write_line
from logcore.stop_signals import stop_on_signals

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit status, as ``--help`` lists them."""
    options = parse(arguments)
    progress = Progress()
    try:
        contract = Contract.load(options.contract) if options.contract is not None else Contract.server_logs()
        if options.print_template is not None:
            _print_template(contract, options)
            return 0
        with exposed(options.metrics_port, progress.note) as expose:
            _expose(contract, progress, expose)
            return _index(contract, options, progress)
    except (LogcoreError, ElasticsearchError, MetricsError, OutputError) as error:
        progress.note(" ".join(str(error).split()))
        return 1


def _expose(contract: Contract, progress: Progress, expose: Expose) -> None:
    from logcore.metrics.sources import build_source, indexer_source

    expose(build_source(contract))
    expose(indexer_source(lambda: progress.total, lambda: progress.lag))


def _index(contract: Contract, options: Options, progress: Progress) -> int:
    progress.line.waits(f"asking Elasticsearch at {options.elasticsearch} …")
    client = connect(options.elasticsearch, user=options.elasticsearch_user, ca=options.elasticsearch_ca)
    # Elasticsearch may be away for longer than the 5 minutes after which Kafka would give our partitions to others.
    # Whether the process lives is what heartbeats say.
    # A question for end offsets (the lag) waits behind a fetch that waits for records, 500 ms by default, twice.
    defaults = {"max.poll.interval.ms": "86400000", "fetch.wait.max.ms": "50"}
    # Committing on its own, the client would commit what no bulk has answered for.
    config = {**defaults, **dict(options.kafka), "enable.auto.commit": "false"}
    progress.line.waits(f"asking Kafka at {options.brokers} …")
    consumer = Consumer(brokers=options.brokers, topic=options.topic, group=options.group, config=config)
    try:
        if options.templates:
            sizes = {"shards": options.shards, "replicas": options.replicas}
            for index, template in (
                (options.index, status_template(contract, options.index, **sizes)),
                (options.rejected_index, rejected_template(options.rejected_index, **sizes)),
            ):
                advice = " (--no-templates leaves templates alone)"
                put_template(client, index, template, progress.note, advice=advice)
        largest = request_limit(client)
        stop = stop_on_signals()
        delivery = Delivery(
            client,
            Outage(stop, progress.note),
            topic=options.topic,
            index=options.index,
            rejected_index=options.rejected_index,
            largest=largest,
        )
        start = time.monotonic()
        complete = False
        try:
            complete = run(consumer, delivery, options, progress, stop, largest=largest)
        except Stopped:
            progress.note("stopped while Elasticsearch was away; what was on its way is not committed and comes again")
        progress.note(progress.summary(time.monotonic() - start))
        # A script that goes on with what --until-end has indexed must not take the half for the whole.
        return 130 if options.until_end and not complete else 0
    finally:
        consumer.close()
        client.close()


def _print_template(contract: Contract, options: Options) -> None:
    sizes = {"shards": options.shards, "replicas": options.replicas}
    if options.print_template == "rejected":
        template = rejected_template(options.rejected_index, **sizes)
    elif options.print_template == "pipeline":
        template = pipeline_template(PIPELINE_INDEX, **sizes)
    else:
        template = status_template(contract, options.index, **sizes)
    write_line(json.dumps(template, indent=2))


if __name__ == "__main__":
    try:
        status = main()
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        # The reader of --print-template left.
        status = 1
    sys.exit(status)
