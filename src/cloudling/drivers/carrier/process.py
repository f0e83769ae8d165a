"""The carrier as a process: serves a listening socket until it is told to end, or left alone."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
from pathlib import Path

from cloudling.drivers.carrier.carriage import Carriage
from cloudling.drivers.carrier.server import Server
from cloudling.drivers.namespaces import syscalls

NAME = "cloudling-carry"


def main(arguments: list[str]) -> int:
    """Serve a listening socket: its number, the grace in seconds, and where it lies."""
    listener, grace, path = int(arguments[0]), float(arguments[1]), Path(arguments[2])
    syscalls.name_process(NAME)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(format="%(levelname)s %(name)s %(message)s")
    # Each connection is a descriptor or two, for all machines together.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(_serve(socket.socket(fileno=listener), path, grace))
    return 0


async def _serve(listener: socket.socket, path: Path, grace: float) -> None:
    server = Server(listener, path, grace, Carriage())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    await server.run()
