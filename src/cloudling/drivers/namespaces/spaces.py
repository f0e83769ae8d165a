"""Network namespaces without a name in any file system: a descriptor keeps each of them alive."""

from __future__ import annotations

import errno
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling.drivers.namespaces.netlink import links
from cloudling.drivers.namespaces.netlink.sockets import NETFILTER, ROUTE, NetlinkSocket
from cloudling.drivers.namespaces.netlink.tables import Table
from cloudling.drivers.namespaces.syscalls import NEWNET, setns, unshare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.drivers.namespaces.netlink.wire import Message

_OWN = "/proc/thread-self/ns/net"
# Public addresses lie in 127/8, so that the host reaches them; within a space only this much of it
# is its own loopback, and the rest goes the way of all packets.
OWN_LOOPBACK = 16
_SETTINGS = {
    "ipv4/conf/all/route_localnet": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
}
_PATIENCE = 5.0
_PAUSE = 0.0005


def open_own() -> int:
    """A descriptor of the network namespace that this thread is in."""
    return os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)


class Space:
    """A network namespace, and a channel to its links and routes."""

    def __init__(self, name: str, home: int, descriptor: int | None = None) -> None:
        """Make one, or take the one of a descriptor, which is then this object's to close."""
        self.name = name
        self._home = home
        self.descriptor = self._make() if descriptor is None else descriptor
        try:
            with self.entered():
                self.routing = NetlinkSocket(ROUTE)
        except OSError:
            os.close(self.descriptor)
            raise

    def _make(self) -> int:
        unshare(NEWNET)
        try:
            return open_own()
        finally:
            setns(self._home, NEWNET)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be in it: what is made meanwhile, a socket say, belongs to it for life."""
        setns(self.descriptor, NEWNET)
        try:
            yield
        finally:
            setns(self._home, NEWNET)

    def close(self) -> None:
        """Let go; the kernel ends it when no socket and no process is in it any more."""
        self.routing.close()
        os.close(self.descriptor)

    def request(self, *messages: Message) -> None:
        self.routing.request(messages)

    def index_of(self, device: str) -> int | None:
        """The device's index, or None where there is none of that name."""
        try:
            return links.decode_link(self.routing.ask(links.find_link(device))).index
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.ENODEV:
                return None
            raise

    def raise_loopback(self) -> None:
        """Bring `lo` up with no more of 127/8 than is its own."""
        self.write_settings(_SETTINGS)
        self.request(
            links.set_up(links.LOOPBACK),
            links.delete_address(links.LOOPBACK, "127.0.0.1", 8),
            links.add_address(links.LOOPBACK, "127.0.0.1", OWN_LOOPBACK),
        )

    def require_carrier(self, index: int) -> None:
        """Wait until the kernel has set the device going: before that it swallows what is sent."""
        deadline = time.monotonic() + _PATIENCE
        while not links.decode_link(self.routing.ask(links.get_link(index))).carries:
            if time.monotonic() > deadline:
                raise OSError(errno.EIO, f"Device {index} of {self.name} does not come up.")
            time.sleep(_PAUSE)

    def write_settings(self, settings: dict[str, str]) -> None:
        """Set what stands below /proc/sys/net; it is this space's while we are in it."""
        with self.entered():
            for name, value in settings.items():
                _write(name, value)

    def open_table(self, name: str) -> Table:
        """An empty table of packet rules, with a channel of its own."""
        with self.entered():
            channel = NetlinkSocket(NETFILTER)
        return Table(channel, name)


def _write(name: str, value: str) -> None:
    path = Path("/proc/sys/net", name)
    try:
        path.write_text(value, encoding="ascii")
    except FileNotFoundError:
        # A kernel without IPv6 has nothing to switch off.
        if not name.startswith("ipv6/"):
            raise
