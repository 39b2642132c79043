"""The connection to Elasticsearch: its options, the official client, and errors in one line."""

from __future__ import annotations

import argparse
import logging
import os
import urllib.parse
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

__all__ = [
    "API_KEY_VARIABLE",
    "PASSWORD_VARIABLE",
    "USER_VARIABLE",
    "ElasticsearchError",
    "add_elasticsearch_arguments",
    "connect",
    "described",
    "elasticsearch_url",
    "new_client",
]

USER_VARIABLE = "LOGCORE_ELASTICSEARCH_USER"
PASSWORD_VARIABLE = "LOGCORE_ELASTICSEARCH_PASSWORD"  # noqa: S105  # its name, not its value
API_KEY_VARIABLE = "LOGCORE_ELASTICSEARCH_API_KEY"


class ElasticsearchError(Exception):
    """Elasticsearch can't be reached or refused something; the message is one line that says what to do."""


def add_elasticsearch_arguments(
    parser: argparse.ArgumentParser, *, required: bool, option: str = "--elasticsearch", purpose: str = ""
) -> None:
    """Adds `option`, the URL, with `purpose` before its help, ``--elasticsearch-user`` and ``--elasticsearch-ca``."""
    group = parser.add_argument_group(
        "Elasticsearch",
        f"The login comes from the variables {USER_VARIABLE} and {PASSWORD_VARIABLE}, or {API_KEY_VARIABLE}; never "
        "from the URL, which a list of processes shows.",
    )
    group.add_argument(
        option,
        type=elasticsearch_url,
        metavar="URL",
        required=required,
        help=f"{purpose}scheme, host and port of Elasticsearch 8, such as http://127.0.0.1:9200",
    )
    group.add_argument("--elasticsearch-user", metavar="NAME", help=f"user to log in as; wins over {USER_VARIABLE}")
    group.add_argument(
        "--elasticsearch-ca",
        metavar="FILE",
        help="certificate authorities (PEM) to trust on https, instead of the machine's",
    )


def elasticsearch_url(text: str) -> str:
    """A URL that the client takes; an argparse type. A login in it is refused: process lists show command lines."""
    parts = urllib.parse.urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = None
    if "@" in parts.netloc:
        raise argparse.ArgumentTypeError(
            f"a login in the URL shows in the list of processes; set {USER_VARIABLE} and {PASSWORD_VARIABLE}, "
            f"or {API_KEY_VARIABLE}, instead"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or port is None or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form http://HOST:PORT or https://HOST:PORT")
    return text


def connect(
    url: str, *, user: str | None = None, ca: str | None = None, request_timeout: float = 60.0
) -> Elasticsearch:
    """A client whose server has answered.

    `GET /` is not asked: trimmed distributions lack it. Cluster health exists in all of them and, like every answer,
    carries the header by which the client tells Elasticsearch from its look-alikes.

    Raises:
        ElasticsearchError: as `new_client` does; a server that does not answer, refuses the login, or is another
            product.
    """
    client = new_client(url, user=user, ca=ca, request_timeout=request_timeout)
    import elasticsearch  # an optional dependency

    try:
        client.options(request_timeout=min(10.0, request_timeout)).cluster.health(filter_path="status")
    except elasticsearch.AuthorizationException:
        # Somebody answered who knows this login, which needs no more than its indices.
        pass
    except (elasticsearch.ApiError, elasticsearch.TransportError, OSError, ValueError) as error:
        raise ElasticsearchError(f"Elasticsearch at {url}: {described(error)}") from error
    return client


def new_client(
    url: str, *, user: str | None = None, ca: str | None = None, request_timeout: float = 60.0
) -> Elasticsearch:
    """A client that has asked nothing yet. Retries nothing by itself: callers know better what may be sent twice.

    Raises:
        ElasticsearchError: the client isn't installed or of another major version, a login without a password, a file
            that can't be read.
    """
    try:
        import elasticsearch  # an optional dependency
    except ImportError as error:
        raise ElasticsearchError(
            "the Elasticsearch client is not installed: pip install 'elasticsearch>=8.11,<9'"
        ) from error
    if elasticsearch.__version__[0] != 8:
        version = ".".join(map(str, elasticsearch.__version__))
        raise ElasticsearchError(
            f"the Elasticsearch client installed is {version}, servers of version 8 want one of version 8: "
            "pip install 'elasticsearch>=8.11,<9'"
        )
    login = _login(user, os.environ)
    if ca is not None and not os.access(ca, os.R_OK):
        raise ElasticsearchError(f"--elasticsearch-ca {ca}: the file can't be read")
    # What goes wrong reaches the person as one line of ours, not as the client's log beside it.
    logging.getLogger("elastic_transport").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore", elasticsearch.ElasticsearchWarning)
    if ca is not None:
        login["ca_certs"] = ca
    try:
        return elasticsearch.Elasticsearch(
            url, request_timeout=request_timeout, max_retries=0, http_compress=False, connections_per_node=32, **login
        )
    except (elasticsearch.TransportError, OSError, ValueError) as error:
        raise ElasticsearchError(f"Elasticsearch at {url}: {described(error)}") from error


def described(error: Exception) -> str:
    """What went wrong, in one line without line breaks."""
    import elasticsearch  # an optional dependency

    if isinstance(error, elasticsearch.UnsupportedProductError):
        text = "something answers there, but it is not Elasticsearch"
    elif isinstance(error, elasticsearch.AuthenticationException):
        text = f"the login is missing or refused ({USER_VARIABLE} and {PASSWORD_VARIABLE}, or {API_KEY_VARIABLE})"
    elif isinstance(error, elasticsearch.ApiError):
        text = f"status {error.meta.status}: {_reason(error.body) or error.message}"
    elif isinstance(error, elasticsearch.ConnectionTimeout):
        text = "no answer in time"
    elif isinstance(error, elasticsearch.SSLError):
        text = f"no TLS connection ({error.message}); is it https, and does --elasticsearch-ca name its authority?"
    elif isinstance(error, elasticsearch.ConnectionError):
        text = f"no connection ({_innermost(error)}); is it running?"
    else:
        text = str(error)
    return " ".join(text.split())


def _login(user: str | None, environment: Mapping[str, str]) -> dict[str, Any]:
    """The client's arguments for the login that option and variables name; none where they name none."""
    key = environment.get(API_KEY_VARIABLE)
    if key and user is None:
        return {"api_key": key}
    user = user or environment.get(USER_VARIABLE)
    if not user:
        return {}
    password = environment.get(PASSWORD_VARIABLE)
    if not password:
        raise ElasticsearchError(f"Elasticsearch user {user}: set its password in the variable {PASSWORD_VARIABLE}")
    return {"basic_auth": (user, password)}


def _reason(body: object) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return ": ".join(str(error[part]) for part in ("type", "reason") if error.get(part))
    return str(error)[:500] if error else ""


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return str(error) or type(error).__name__
