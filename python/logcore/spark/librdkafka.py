"""Java's client properties as librdkafka's, so that one --kafka-config does for Spark and for Rust."""

from __future__ import annotations

import re
from collections.abc import Mapping

from logcore.spark.errors import OptionsError

__all__ = ["librdkafka_properties"]

_SAME = {
    "acks",
    "client.id",
    "client.rack",
    "compression.type",
    "isolation.level",
    "linger.ms",
    "metadata.max.age.ms",
    "sasl.kerberos.service.name",
    "sasl.mechanism",
    "security.protocol",
    "ssl.cipher.suites",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.password",
    "transaction.timeout.ms",
}
_OTHER_NAMES = {
    "max.request.size": "message.max.bytes",
    "ssl.truststore.certificates": "ssl.ca.pem",
    "ssl.keystore.certificate.chain": "ssl.certificate.pem",
    "ssl.keystore.key": "ssl.key.pem",
}
# How much is sent together, and how long a client waits: Rust's clients have values of their own.
_PASSED_OVER = {
    "batch.size",
    "buffer.memory",
    "default.api.timeout.ms",
    "enable.idempotence",
    "fetch.max.bytes",
    "max.in.flight.requests.per.connection",
    "max.partition.fetch.bytes",
    "max.poll.records",
    "request.timeout.ms",
    "retries",
}
_LOGINS = ("PlainLoginModule", "ScramLoginModule")


def librdkafka_properties(properties: Mapping[str, str]) -> dict[str, str]:
    """What `properties` mean to librdkafka. Raises OptionsError, which shows no value, for what has no counterpart."""
    found: dict[str, str] = {}
    stores = {name for name in properties if name in ("ssl.truststore.location", "ssl.keystore.location")}
    for name, value in properties.items():
        if name in _SAME:
            found[name] = value
        elif name in _OTHER_NAMES:
            found[_OTHER_NAMES[name]] = value
        elif name == "sasl.jaas.config":
            found.update(_login(value))
        elif name in stores and properties.get(name.replace("location", "type"), "").upper() == "PEM":
            found.update(_store(name, value))
        elif name in ("ssl.truststore.type", "ssl.keystore.type") and value.upper() == "PEM":
            continue
        elif name not in _PASSED_OVER:
            raise OptionsError(
                f"--kafka-config: {name} has no counterpart in librdkafka, which --data-plane rust reads and writes "
                "with; give its own properties by --librdkafka-config FILE"
            )
    return found


def _login(jaas: str) -> dict[str, str]:
    module = jaas.split(None, 1)[0].rpartition(".")[2] if jaas.split() else ""
    options = dict(re.findall(r'(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"', jaas))
    if module not in _LOGINS or not {"username", "password"} <= options.keys():
        raise OptionsError(
            "--kafka-config: sasl.jaas.config is neither a PlainLoginModule nor a ScramLoginModule with username and "
            "password; give librdkafka's own properties by --librdkafka-config FILE"
        )
    plain = {name: re.sub(r"\\(.)", r"\1", value) for name, value in options.items()}
    return {"sasl.username": plain["username"], "sasl.password": plain["password"]}


def _store(name: str, path: str) -> dict[str, str]:
    if name == "ssl.truststore.location":
        return {"ssl.ca.location": path}
    return {"ssl.certificate.location": path, "ssl.key.location": path}
