"""Listening: an application on a loopback port, in a thread of the tests."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


@contextmanager
def listening(app: Any, http: Any = "auto", **options: Any) -> Iterator[int]:
    """The port on which an ASGI application is served."""
    options = {"lifespan": "off", "ws": "none", "log_config": None, "access_log": False, **options}
    config = uvicorn.Config(app, http=http, **options)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()
