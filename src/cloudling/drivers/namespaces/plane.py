"""All that netd owns: networks by name, interfaces, and the spaces that these lie in."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from cloudling.drivers.namespaces.answers import Holdings
from cloudling.drivers.namespaces.routers import INTERNET, Internet, Router
from cloudling.drivers.namespaces.spaces import Space, open_own

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.drivers.namespaces.messages import (
        Addresses,
        EnsureInterface,
        EnsureRouter,
        OpenSocket,
        Rules,
    )

_IP_FREEBIND = 15
_IP_TRANSPARENT = 19
_SOCK_DIAG = 4
_KINDS = {
    "stream": (socket.AF_INET, socket.SOCK_STREAM, 0),
    "datagram": (socket.AF_INET, socket.SOCK_DGRAM, 0),
    "diag": (socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG),
}
# What can be changed while an interface carries; another of the rest means another interface.
_LIVE = {"addresses", "groups", "source_check"}


class NothingSuch(LookupError):
    """A name that nothing here bears."""


class Plane:
    """Networks, interfaces and spaces; `ensure` and `remove` may be said any number of times."""

    def __init__(self) -> None:
        self._home = open_own()
        self._numbers = 0
        self.routers: dict[str, Router] = {}
        self.spaces: dict[str, Space] = {}
        self._machines: set[str] = set()
        # Told of each network and space that is made (True) or ended (False).
        self.notice: Callable[[str, bool], None] = lambda name, is_there: None
        self._internet = Internet(self._home)

    def ensure_router(self, wanted: EnsureRouter) -> None:
        router = self.routers.get(wanted.name)
        if router is None:
            self.require_new(wanted.name)
            self._numbers += 1
            router = self.routers[wanted.name] = Router(wanted, self._numbers, self._home)
            self.notice(wanted.name, True)
        elif router.wanted != wanted:
            router.change(wanted)
        if wanted.gateway:
            router.attach_gateway(self._internet)
        elif not router.public:
            router.detach_gateway()
        else:
            raise OSError(16, f"{wanted.name} has public addresses, which need its gateway.")

    def remove_router(self, name: str) -> None:
        router = self.routers.get(name)
        if router is None:
            return
        if router.interfaces:
            raise OSError(16, f"{name} has interfaces: {', '.join(sorted(router.interfaces))}.")
        del self.routers[name]
        router.close()
        self.notice(name, False)

    def ensure_interface(self, wanted: EnsureInterface) -> None:
        router = self._router(wanted.router)
        owner = self._owner(wanted.name)
        if owner is not None and (owner is not router or not _is_kept(owner, wanted)):
            self.remove_interface(wanted.name)
            owner = None
        if owner is None:
            self._attach(router, wanted)
        elif owner.interfaces[wanted.name].wanted != wanted:
            owner.change_interface(wanted)

    def _attach(self, router: Router, wanted: EnsureInterface) -> None:
        name = wanted.space or wanted.name
        space = self.spaces.get(name)
        if space is not None:
            router.attach(wanted, space)
            return
        self.require_new(name)
        space = Space(name, self._home)
        try:
            space.raise_loopback()
            router.attach(wanted, space)
        except (OSError, ValueError):
            space.close()
            raise
        self.spaces[name] = space
        self.notice(name, True)

    def remove_interface(self, name: str) -> None:
        router = self._owner(name)
        if router is None:
            return
        space = router.detach(name)
        if space.name not in self._machines and not self._is_used(space):
            del self.spaces[space.name]
            space.close()
            self.notice(space.name, False)

    def add_machine(self, name: str, descriptor: int) -> None:
        """Let interfaces lie in a machine's own network namespace; the descriptor is ours."""
        try:
            self.require_new(name)
            space = Space(name, self._home, descriptor)
        except OSError:
            os.close(descriptor)
            raise
        space.raise_loopback()
        self.spaces[name] = space
        self._machines.add(name)
        self.notice(name, True)

    def remove_machine(self, name: str) -> None:
        """Take its interfaces off; they are ensured anew for its next life."""
        space = self.spaces.pop(name, None)
        self._machines.discard(name)
        if space is None:
            return
        for router in self.routers.values():
            held = [each for each, attached in router.interfaces.items() if attached.space is space]
            for each in held:
                router.detach(each)
        space.close()
        self.notice(name, False)

    def carries(self, name: str) -> bool:
        """Whether the first interface of a machine is there, and its other end too."""
        space = self.spaces.get(name)
        for router in self.routers.values():
            for each, attached in router.interfaces.items():
                if attached.space is space and attached.wanted.device == 0:
                    return router.has_link(each)
        return False

    def set_rules(self, rules: Rules) -> None:
        self._router(rules.router).firewall.set_groups(rules.groups, rules.remove)

    def set_addresses(self, addresses: Addresses) -> None:
        wanted = addresses.public
        for name, router in self.routers.items():
            taken = set(router.public) & set(wanted)
            if name != addresses.router and taken:
                raise FileExistsError(17, f"{min(taken)} belongs to {name}.")
        self._router(addresses.router).set_public(wanted)

    def open_socket(self, wanted: OpenSocket) -> socket.socket:
        """A socket for someone else: never blocking, so that a connection may be under way."""
        family, kind, protocol = _KINDS[wanted.kind]
        flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        with self._place(wanted.place).entered():
            made = socket.socket(family, kind | flags, protocol)
            try:
                _prepare(made, wanted)
            except OSError:
                made.close()
                raise
        return made

    def holdings(self, epoch: str) -> Holdings:
        routers = self.routers
        return Holdings(
            epoch=epoch,
            routers=tuple(router.wanted for router in routers.values()),
            interfaces=tuple(
                attached.wanted
                for router in routers.values()
                for attached in router.interfaces.values()
            ),
            groups={name: tuple(routers[name].firewall.groups.values()) for name in routers},
            public={name: router.public for name, router in routers.items()},
        )

    def close(self) -> None:
        for router in list(self.routers.values()):
            for name in list(router.interfaces):
                self.remove_interface(name)
            self.remove_router(router.wanted.name)
        self._internet.close()

    def _router(self, name: str) -> Router:
        router = self.routers.get(name)
        if router is None:
            raise NothingSuch(f"There is no network {name}.")
        return router

    def _owner(self, interface: str) -> Router | None:
        return next((r for r in self.routers.values() if interface in r.interfaces), None)

    def _place(self, name: str) -> Space:
        if name == INTERNET:
            return self._internet.space
        if name in self.routers:
            return self.routers[name].space
        if name in self.spaces:
            return self.spaces[name]
        raise NothingSuch(f"There is no network or space {name}.")

    def require_new(self, name: str) -> None:
        if name == INTERNET or name in self.routers or name in self.spaces:
            raise FileExistsError(17, f"The name {name} is taken.")

    def _is_used(self, space: Space) -> bool:
        return any(
            attached.space is space
            for router in self.routers.values()
            for attached in router.interfaces.values()
        )


def _is_kept(router: Router, wanted: EnsureInterface) -> bool:
    """Whether the interface can become what is wanted as it stands."""
    old = router.interfaces[wanted.name].wanted
    fixed = [name for name in wanted.__struct_fields__ if name not in _LIVE]
    same = all(getattr(old, name) == getattr(wanted, name) for name in fixed)
    return same and router.has_link(wanted.name)


def _prepare(made: socket.socket, wanted: OpenSocket) -> None:
    if wanted.is_transparent:
        made.setsockopt(socket.IPPROTO_IP, _IP_TRANSPARENT, 1)
    if wanted.address:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # An address may be bound before the interface that bears it is there.
        made.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        made.bind((wanted.address, wanted.port))
    if wanted.backlog:
        made.listen(wanted.backlog)
    if wanted.to_address:
        try:
            made.connect((wanted.to_address, wanted.to_port))
        except BlockingIOError:
            return
