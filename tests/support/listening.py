"""Listening: an application on a loopback port, in a thread of the tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from support.waiting import PATIENCE, until


@contextmanager
def listening(app: Any, http: Any = "auto", **options: Any) -> Iterator[int]:
    """The port on which an ASGI application is served."""
    options = {"lifespan": "off", "ws": "none", "log_config": None, "access_log": False, **options}
    config = uvicorn.Config(app, http=http, **options)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until(lambda: server.started)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(PATIENCE)
    assert not thread.is_alive()
