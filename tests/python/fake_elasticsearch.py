"""An Elasticsearch that lives in the test: the official client talks to it through a node class of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from elastic_transport import ApiResponseMeta, BaseNode, HttpHeaders, NodeConfig
from elastic_transport._node import NodeApiResponse
from elasticsearch import Elasticsearch

Answer = tuple[int, Any]
Refuse = Callable[[str, str, bytes], tuple[int, str, str] | None]


@dataclass
class FakeElasticsearch:
    """`indices` has for each index its documents by `_id`, as they were sent.

    `faults` are taken one a bulk request: a status with which it is refused, an exception of the transport, or None.
    `refuse` may refuse single documents with (status, type, reason).
    """

    indices: dict[str, dict[str, bytes]] = field(default_factory=dict)
    faults: list[int | Exception | None] = field(default_factory=list)
    refuse: Refuse = lambda index, identity, document: None
    bulks: list[tuple[str, bytes]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    templates: dict[str, Any] = field(default_factory=dict)
    topic_type: str = "keyword"
    limit: int = 100 * 1024 * 1024
    product: str = "Elasticsearch"

    def client(self) -> Elasticsearch:
        node = type("Node", (_Node,), {"server": self})
        return Elasticsearch("http://fake:9200", node_class=node, max_retries=0)

    def documents(self, index: str) -> dict[str, Any]:
        return {identity: json.loads(document) for identity, document in self.indices.get(index, {}).items()}

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        self.requests.append((method, path))
        index, _, action = unquote(path).strip("/").partition("/")
        if action == "_bulk":
            return self._bulk(index, body)
        asked = json.loads(body) if body else {}
        if index == "_index_template":
            self.templates[action] = asked
            return 200, {"acknowledged": True}
        if index == "_nodes":
            return 200, {"nodes": {"n": {"http": {"max_content_length_in_bytes": self.limit}}}}
        if index == "_search":
            return 200, self._search(asked)
        if index in ("_cluster", "_pit"):
            return 200, {"status": "green"}
        if index not in self.indices:
            return 404, {"error": {"type": "index_not_found_exception", "reason": f"no such index [{index}]"}}
        if action == "_mget":
            return 200, {"docs": [self._found(index, identity) for identity in asked["ids"]]}
        if action.startswith("_mapping/field"):
            mapped = {"full_name": "source.topic", "mapping": {"topic": {"type": self.topic_type}}}
            return 200, {index: {"mappings": {"source.topic": mapped}}}
        return 200, {"id": index}

    def _bulk(self, index: str, body: bytes) -> Answer:
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            return fault, {"error": {"type": "scripted", "reason": f"status {fault}"}}
        self.bulks.append((index, body))
        lines = body.split(b"\n")
        assert lines.pop() == b""
        items = [
            {"create": self._create(index, json.loads(action)["create"]["_id"], document)}
            for action, document in zip(lines[::2], lines[1::2], strict=True)
        ]
        return 200, {"errors": any(item["create"]["status"] >= 300 for item in items), "items": items}

    def _create(self, index: str, identity: str, document: bytes) -> dict[str, Any]:
        refusal = self.refuse(index, identity, document)
        if refusal is not None:
            status, kind, reason = refusal
            return {"status": status, "error": {"type": kind, "reason": reason}}
        documents = self.indices.setdefault(index, {})
        if identity in documents:
            return {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "exists"}}
        documents[identity] = document
        return {"status": 201}

    def _search(self, asked: dict[str, Any]) -> dict[str, Any]:
        index = asked["pit"]["id"]
        start = asked["search_after"][0] if "search_after" in asked else 0
        topic = asked["query"].get("term", {}).get("source.topic")
        found = [
            {"_id": identity, "_source": document, "sort": [number]}
            for number, (identity, document) in enumerate(self.documents(index).items(), 1)
            if number > start and (topic is None or document.get("source", {}).get("topic") == topic)
        ]
        return {"pit_id": index, "timed_out": False, "hits": {"hits": found[: asked["size"]]}}

    def _found(self, index: str, identity: str) -> dict[str, Any]:
        document = self.indices[index].get(identity)
        if document is None:
            return {"_id": identity, "found": False}
        return {"_id": identity, "found": True, "_source": json.loads(document)}


class _Node(BaseNode):
    server: FakeElasticsearch

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)

    def perform_request(
        self, method: str, target: str, body: bytes | None = None, headers: Any = None, request_timeout: Any = None
    ) -> Any:
        path = re.sub(r"/+", "/", urlsplit(target).path)
        status, content = self.server.answer(method, path, body or b"")
        given = HttpHeaders({"x-elastic-product": self.server.product, "content-type": "application/json"})
        meta = ApiResponseMeta(node=self.config, duration=0.0, http_version="1.1", status=status, headers=given)
        raw = b"" if method == "HEAD" else json.dumps(content).encode()
        return NodeApiResponse(meta, raw)

    def close(self) -> None:
        """Nothing is open."""
