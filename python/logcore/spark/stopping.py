"""SIGINT and SIGTERM, which reach Python, Spark's JVM or both, as one request to stop."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from py4j.protocol import Py4JError
from pyspark.java_gateway import ensure_callback_server_started

__all__ = ["Interrupted", "StopRequest"]

_SIGNALS = {"INT": signal.SIGINT, "TERM": signal.SIGTERM}


class Interrupted(BaseException):
    """A signal came while nothing runs that would have to be finished first."""


class StopRequest:
    """Whether to stop, by which signal, and whether there was a second one."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self.urgent = False
        self._raises = True
        self._python_was_signalled = False
        self._asked = threading.Event()

    @property
    def asked(self) -> bool:
        """True once a signal came."""
        return self._asked.is_set()

    @property
    def exit_status(self) -> int:
        """130 for Ctrl-C, as shells have it; 0 for SIGTERM, by which a service is stopped as it should be."""
        return 0 if self.signal is signal.SIGTERM else 130

    def ask(self, by: signal.Signals) -> None:
        """A signal came. Ctrl-C in a terminal reaches Python and the JVM, so the second here may be the first there."""
        self.signal = self.signal or by
        self._asked.set()

    def install(self) -> None:
        """From here on signals to Python count. Until `finish_batches` they raise Interrupted in the main thread."""
        for number in _SIGNALS.values():
            signal.signal(number, self._on_python_signal)

    def finish_batches(self) -> None:
        """From here on a signal only asks: whoever runs the query looks at `asked`."""
        self._raises = False
        if self.asked:
            raise Interrupted

    def install_in_jvm(self, gateway: Any) -> None:
        """Keeps the JVM from shutting down under a running batch at the first signal; the second does what it did."""
        ensure_callback_server_started(gateway)  # type: ignore[no-untyped-call]
        for name in _SIGNALS:
            try:
                handler = _JvmHandler(self, name, gateway.jvm)
                handler.previous = gateway.jvm.sun.misc.Signal.handle(gateway.jvm.sun.misc.Signal(name), handler)
            except Py4JError:
                # A JVM started with -Xrs leaves signals alone; then it is Python's handler that stops the query.
                return

    def _on_python_signal(self, number: int, _frame: FrameType | None) -> None:
        self.urgent = self._python_was_signalled
        self._python_was_signalled = True
        self.ask(signal.Signals(number))
        if self._raises:
            raise Interrupted


class _JvmHandler:
    """sun.misc.SignalHandler, called by the JVM through py4j."""

    previous: Any = None

    def __init__(self, request: StopRequest, name: str, jvm: Any) -> None:
        self._request = request
        self._name = name
        self._jvm = jvm

    def handle(self, java_signal: Any) -> None:
        self._request.ask(_SIGNALS[self._name])
        if self.previous is not None:
            self._jvm.sun.misc.Signal.handle(java_signal, self.previous)

    class Java:
        implements = ("sun.misc.SignalHandler",)
