"""Logs with a known verdict, the users that decide it, and the columns of Spark's Kafka source.

Not in conftest.py: every folder of tests has one, so none can be imported by that name.
"""

from __future__ import annotations

from datetime import datetime, timezone

SERVER_USERS = [(684, "ANDROID"), (7, "IOS"), (10000, "ANDROID"), (10000, "IOS"), (1, "ANDROID")]
KAFKA_SCHEMA = (
    "key binary, value binary, topic string, partition int, offset bigint, timestamp timestamp, timestampType int"
)
KAFKA_TIME = datetime(2024, 2, 29, 23, 59, 59, 123000, tzinfo=timezone.utc)

GOOD = (
    b'{"event_id":"141b3ff2a92111ebbfae367ddad5b1fa","account_id":"684","event_type":"other","device":"ANDROID",'
    b'"location_country":"FR","event_timestamp":"1619724510"}'
)
SUSPICIOUS = GOOD.replace(b"684", b"685")
BAD = GOOD.replace(b"FR", b"XX")
