"""The port `Networks`, made true by netd."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.drivers.namespaces.client import Netd
from cloudling.drivers.processes import ORPHAN_GRACE, environment
from cloudling.kernel.networks import Availability, Holdings

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from cloudling.drivers.namespaces.answers import Said
    from cloudling.kernel.networks import Interface, Network, SecurityGroup

_BACKLOG = 512
_NEEDED = ("user namespaces", "packet filter")
MACHINES_NEED = (*_NEEDED, "overlayfs")
_PROBING = 30


class NamespaceNetworks:
    """Networks in namespaces; netd is started at the first need of it."""

    def __init__(
        self,
        folder: Path,
        *,
        data: Path | None = None,
        cache: Path | None = None,
        grace: float = ORPHAN_GRACE,
        wrapper: Sequence[str] = (),
    ) -> None:
        """netd's socket lies in `folder`; what machines keep in `data`, built roots in `cache`."""
        self._folder = folder
        self.data = data or folder
        self.cache = cache or folder
        self._grace = grace
        self.wrapper = tuple(wrapper)
        self._events: Callable[[Said, list[int]], None] | None = None
        self._end: Callable[[], None] = _nothing
        self._starting = asyncio.Lock()
        self._netd: Netd | None = None
        self._available = False

    @property
    def is_awake(self) -> bool:
        """Whether there is a netd; asking for what it holds starts one otherwise."""
        return self._netd is not None and not self._netd.connection.gone.is_set()

    def attach(self, events: Callable[[Said, list[int]], None], end: Callable[[], None]) -> None:
        """Whom to tell what every netd says unasked, and that it is gone without being told to."""
        self._events, self._end = events, end

    async def available(self) -> Availability:
        """Tried until it can be; from then on it is known."""
        if self._available:
            return Availability()
        found = await asyncio.to_thread(probe, self.wrapper)
        self._available = bool(found)
        return found

    async def netd(self) -> Netd:
        """The running one; after its end another one, which knows nothing yet."""
        async with self._starting:
            if self._netd is None or self._netd.connection.gone.is_set():
                if self._netd is not None:
                    await self._netd.ended()
                self._netd = await Netd.start(
                    self._folder,
                    (self.data, self.cache),
                    grace=self._grace,
                    wrapper=self.wrapper,
                )
                connection = self._netd.connection
                connection.on_event = self._events or connection.on_event
                connection.on_gone = self._end
            return self._netd

    async def stop(self) -> None:
        """End netd and all that it holds."""
        if self._netd is not None:
            self._netd.connection.on_gone = _nothing
            await self._netd.stop()

    def leave(self) -> None:
        """Go, while netd stays for its grace."""
        if self._netd is not None:
            self._netd.connection.on_gone = _nothing
            self._netd.leave()

    async def _say(self, verb: str, **said: Any) -> None:
        await (await self.netd()).result_of(verb, **said)

    async def holdings(self) -> Holdings:
        found: Holdings = await (await self.netd()).result_of("inventory", Holdings)
        return found

    async def ensure_network(self, network: Network) -> None:
        await self._say("router ensure", **msgspec.structs.asdict(network))

    async def remove_network(self, name: str) -> None:
        await self._say("router remove", name=name)

    async def ensure_interface(self, interface: Interface) -> None:
        await self._say("eni ensure", **msgspec.structs.asdict(interface))

    async def remove_interface(self, name: str) -> None:
        await self._say("eni remove", name=name)

    async def set_groups(
        self, network: str, groups: Sequence[SecurityGroup], remove: Sequence[str] = ()
    ) -> None:
        await self._say("rules", router=network, groups=list(groups), remove=list(remove))

    async def set_public(self, network: str, public: Mapping[str, str]) -> None:
        await self._say("addresses", router=network, public=dict(public))

    async def listen(self, place: str, address: str, port: int) -> socket.socket:
        netd = await self.netd()
        return await netd.socket_of(place=place, address=address, port=port, backlog=_BACKLOG)

    async def connect(
        self, place: str, address: str, port: int, *, source: str = "", patience: float = 30.0
    ) -> socket.socket:
        netd = await self.netd()
        said = {"address": source, "is_transparent": True} if source else {}
        made = await netd.socket_of(place=place, **said)
        try:
            loop = asyncio.get_running_loop()
            await asyncio.wait_for(loop.sock_connect(made, (address, port)), patience)
        except BaseException:
            made.close()
            raise
        return made


def _nothing() -> None:
    """Whom nobody has asked to be told."""


def probe(wrapper: Sequence[str] = (), needed: Sequence[str] = _NEEDED) -> Availability:
    """Try it in a process of its own; waits for that."""
    if sys.platform != "linux":
        return Availability("Namespaces are Linux's.", "Run Cloudling in a Linux virtual machine.")
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [*wrapper, sys.executable, "-m", "cloudling.drivers.namespaces", "probe"],
            env=environment(),
            capture_output=True,
            timeout=_PROBING,
            check=False,
        )
        findings: list[dict[str, Any]] = msgspec.json.decode(done.stdout)
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError) as fault:
        return Availability(f"The probe of namespaces does not run: {fault}.")
    for finding in findings:
        if finding["name"] in needed and not finding["ok"]:
            return Availability(f"{finding['name']}: {finding['detail']}", finding["remedy"])
    return Availability()
