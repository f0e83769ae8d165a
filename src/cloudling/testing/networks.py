"""A fake of the port `Networks`: decides as a network does, and carries over loopback.

Nothing of it is ever a default; tests that need no kernel use it.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from typing import TYPE_CHECKING

from cloudling.kernel.networks import (
    ANY,
    INTERNET,
    Availability,
    Holdings,
    Interface,
    Network,
    Rule,
    SecurityGroup,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_TCP = 6
_ALL = "0.0.0.0"  # noqa: S104 - within a space that is its own
_NOWHERE = OSError(errno.EINVAL, "No way leads there.")


class FakeNetworks:
    """Networks in memory; a listener is a real socket on 127.0.0.1 under another port."""

    def __init__(self) -> None:
        self._networks: dict[str, Network] = {}
        self._interfaces: dict[str, Interface] = {}
        self._groups: dict[str, dict[str, SecurityGroup]] = {}
        self._public: dict[str, dict[str, str]] = {}
        self._listeners: list[tuple[str, str, int, socket.socket]] = []

    async def available(self) -> Availability:
        return Availability()

    async def holdings(self) -> Holdings:
        return Holdings(
            epoch="fake",
            routers=tuple(self._networks.values()),
            interfaces=tuple(self._interfaces.values()),
            groups={name: tuple(groups.values()) for name, groups in self._groups.items()},
            public={name: dict(public) for name, public in self._public.items()},
        )

    async def ensure_network(self, network: Network) -> None:
        if not network.gateway and self._public.get(network.name):
            raise OSError(errno.EBUSY, f"{network.name} has public addresses.")
        self._networks[network.name] = network
        self._groups.setdefault(network.name, {})
        self._public.setdefault(network.name, {})

    async def remove_network(self, name: str) -> None:
        if any(interface.router == name for interface in self._interfaces.values()):
            raise OSError(errno.EBUSY, f"{name} has interfaces.")
        for kept in (self._networks, self._groups, self._public):
            kept.pop(name, None)

    async def ensure_interface(self, interface: Interface) -> None:
        network = self._require(interface.router)
        if interface.subnet not in network.subnets:
            raise OSError(errno.EINVAL, f"{network.name} has no subnet {interface.subnet}.")
        for address in interface.addresses:
            self._require_free(interface, address)
        for group in interface.groups:
            self._groups[interface.router].setdefault(group, SecurityGroup(group))
        self._interfaces[interface.name] = interface

    def _require_free(self, interface: Interface, address: str) -> None:
        if ipaddress.ip_address(address) not in ipaddress.ip_network(interface.subnet):
            raise OSError(errno.EINVAL, f"{address} is not in {interface.subnet}.")
        holder = self._holder(interface.router, address)
        if holder is not None and holder.name != interface.name:
            raise OSError(errno.EEXIST, f"{address} is in use.")

    async def remove_interface(self, name: str) -> None:
        self._interfaces.pop(name, None)

    async def set_groups(
        self, network: str, groups: Sequence[SecurityGroup], remove: Sequence[str] = ()
    ) -> None:
        self._require(network)
        known = self._groups[network]
        after = {**known, **{group.name: group for group in groups}}
        gone = [name for name in remove if after.pop(name, None)]
        used = {peer for group in after.values() for peer in _peers(group)}
        used |= {
            group
            for interface in self._interfaces.values()
            if interface.router == network
            for group in interface.groups
        }
        if used & set(gone):
            raise OSError(errno.EBUSY, f"{min(used & set(gone))} is in use.")
        for name in used - set(after):
            after[name] = SecurityGroup(name)
        self._groups[network] = after

    async def set_public(self, network: str, public: Mapping[str, str]) -> None:
        if public and not self._require(network).gateway:
            raise OSError(errno.EINVAL, f"{network} has no gateway.")
        for name, others in self._public.items():
            if name != network and set(others) & set(public):
                raise OSError(errno.EEXIST, f"{min(set(others) & set(public))} belongs to {name}.")
        self._public[network] = dict(public)

    async def listen(self, place: str, address: str, port: int) -> socket.socket:
        self._require_place(place)
        made = socket.create_server(("127.0.0.1", 0))
        made.setblocking(False)
        self._listeners.append((place, address, port, made))
        return made

    async def connect(
        self, place: str, address: str, port: int, *, source: str = "", patience: float = 30.0
    ) -> socket.socket:
        self._require_place(place)
        where = self._way(place, address, port, source)
        if where is None:
            raise TimeoutError
        for at, bound, number, listener in self._listeners:
            fits = at == where and bound in {address, _ALL} and number == port
            if fits and listener.fileno() >= 0:
                return await _dial(listener)
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    def _way(self, place: str, address: str, port: int, source: str) -> str | None:
        """The place that a packet reaches; None when it is dropped on its way."""
        if place == INTERNET:
            return self._enter(address, port, "")
        sender = self._sender(place)
        if sender is None:
            return place
        own = source or sender.addresses[0]
        if sender.source_check and own not in sender.addresses:
            return None
        if address in self._networks[sender.router].services:
            return sender.router
        return self._leave(sender, own, address, port)

    def _leave(self, sender: Interface, own: str, address: str, port: int) -> str | None:
        if not self._lets(sender, "egress", address, port):
            return None
        holder = self._holder(sender.router, address)
        if holder is not None:
            return self._arrive(holder, own, port)
        public = {private: at for at, private in self._public[sender.router].items()}
        if own not in public:
            return None
        host = self._networks[sender.router].host
        return INTERNET if address == host else self._enter(address, port, public[own])

    def _enter(self, address: str, port: int, source: str) -> str | None:
        """By way of a gateway, to a public address; from the host where no source is given."""
        for name, public in self._public.items():
            if address in public:
                holder = self._holder(name, public[address])
                host = self._networks[name].host
                return None if holder is None else self._arrive(holder, source or host, port)
        raise _NOWHERE

    def _arrive(self, holder: Interface, source: str, port: int) -> str | None:
        return _space(holder) if self._lets(holder, "ingress", source, port) else None

    def _lets(self, interface: Interface, way: str, peer: str, port: int) -> bool:
        groups = self._groups[interface.router]
        rules: Iterable[Rule] = (
            rule for name in interface.groups for rule in getattr(groups[name], way)
        )
        return any(
            rule.protocol in {ANY, _TCP}
            and (ANY in {rule.low, rule.protocol} or rule.low <= port <= rule.high)
            and self._is_peer(interface.router, rule.peer, peer)
            for rule in rules
        )

    def _is_peer(self, network: str, wanted: str, address: str) -> bool:
        if "/" in wanted:
            return ipaddress.ip_address(address) in ipaddress.ip_network(wanted)
        holder = self._holder(network, address)
        return holder is not None and wanted in holder.groups

    def _holder(self, network: str, address: str) -> Interface | None:
        found = (each for each in self._interfaces.values() if each.router == network)
        return next((each for each in found if address in each.addresses), None)

    def _sender(self, place: str) -> Interface | None:
        """The interface that a space sends through: the first."""
        found = [each for each in self._interfaces.values() if _space(each) == place]
        return min(found, key=lambda each: each.device, default=None)

    def _require(self, network: str) -> Network:
        if network not in self._networks:
            raise OSError(errno.ENOENT, f"There is no network {network}.")
        return self._networks[network]

    def _require_place(self, place: str) -> None:
        spaces = {_space(each) for each in self._interfaces.values()}
        if place != INTERNET and place not in self._networks and place not in spaces:
            raise OSError(errno.ENOENT, f"There is no network or space {place}.")


def _space(interface: Interface) -> str:
    return interface.space or interface.name


def _peers(group: SecurityGroup) -> set[str]:
    return {rule.peer for rule in (*group.ingress, *group.egress) if "/" not in rule.peer}


async def _dial(listener: socket.socket) -> socket.socket:
    made = socket.socket()
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, listener.getsockname())
    return made
