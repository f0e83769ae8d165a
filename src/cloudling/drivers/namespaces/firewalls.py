"""A network's packet rules: sources that cannot be forged, security groups, public addresses.

Each interface has three chains, found by its device's name in a map: `s_` knows its addresses, `o_`
and `i_` ask its groups what may leave and enter. Each group has a chain for each way and the set of
its members' addresses, which other groups' rules refer to. Two base chains ask in turn, so that a
packet between two interfaces needs the leave of both. What nobody lets through is dropped.
"""

from __future__ import annotations

import ipaddress
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloudling.drivers.namespaces.messages import Group
from cloudling.drivers.namespaces.netlink import expressions as e
from cloudling.drivers.namespaces.netlink.expressions import Meta, Nat
from cloudling.drivers.namespaces.netlink.tables import (
    ADDRESS,
    DEVICE,
    TO_VERDICT,
    Base,
    Element,
    Hook,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cloudling.drivers.namespaces.messages import EnsureInterface, Rule
    from cloudling.drivers.namespaces.netlink.tables import FoundRule, Table

GATEWAY = "igw"
_TCP, _UDP, _ICMP, _ICMPV6 = 6, 17, 1, 58
_ANY = -1
_OWN_LOOPBACK = "127.0.0.0/16"
_RAW, _FIRST, _SECOND, _DNAT, _SNAT = -300, 0, 1, -100, 100


class Firewall:
    """The packet rules of one network; each method is one batch, which happens whole or not."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.groups: dict[str, Group] = {}
        self._interfaces: dict[str, EnsureInterface] = {}
        self._public: dict[str, str] = {}
        self._create()

    def _create(self) -> None:
        with self._batch() as table:
            table.create()
            for name in ("checked", "owners", "leaving", "entering"):
                table.add_map(name, DEVICE, TO_VERDICT)
            table.add_map("public", ADDRESS, ADDRESS)
            table.add_map("private", ADDRESS, ADDRESS)
            self._create_source_checks()
            self._create_group_checks()
            self._create_translation()

    def _create_source_checks(self) -> None:
        """What is served in the network knows callers by address: there none may be forged."""
        table = self._table
        table.add_chain("sources", Base(Hook.PREROUTING, _RAW, e.ACCEPT))
        table.add_rule("sources", e.load_meta(Meta.IIFNAME), e.look_verdict_up("checked"))
        table.add_chain("served", Base(Hook.INPUT, _RAW, e.ACCEPT))
        table.add_rule("served", e.arrives_on("lo"), e.accept())
        table.add_rule("served", e.is_to(_OWN_LOOPBACK), e.drop())
        table.add_rule("served", e.load_meta(Meta.IIFNAME), e.look_verdict_up("owners"))

    def _create_group_checks(self) -> None:
        table = self._table
        table.add_chain("egress", Base(Hook.FORWARD, _FIRST, e.DROP))
        table.add_rule("egress", e.is_tracked(), e.accept())
        table.add_rule("egress", e.arrives_on(GATEWAY), e.accept())
        table.add_rule("egress", e.load_meta(Meta.IIFNAME), e.look_verdict_up("leaving"))
        table.add_chain("ingress", Base(Hook.FORWARD, _SECOND, e.DROP))
        table.add_rule("ingress", e.is_tracked(), e.accept())
        is_public = e.is_ipv4() + e.load_source() + e.lookup("private")
        table.add_rule("ingress", e.leaves_on(GATEWAY), is_public, e.accept())
        table.add_rule("ingress", e.load_meta(Meta.OIFNAME), e.look_verdict_up("entering"))

    def _create_translation(self) -> None:
        """One public address for one private, both ways, at the gateway."""
        table = self._table
        table.add_chain("arriving", Base(Hook.PREROUTING, _DNAT, e.ACCEPT, "nat"))
        to_private = e.load_destination() + e.translate("public") + e.nat(Nat.DESTINATION)
        table.add_rule("arriving", e.arrives_on(GATEWAY), e.is_ipv4(), to_private)
        table.add_chain("departing", Base(Hook.POSTROUTING, _SNAT, e.ACCEPT, "nat"))
        to_public = e.load_source() + e.translate("private") + e.nat(Nat.SOURCE)
        table.add_rule("departing", e.leaves_on(GATEWAY), e.is_ipv4(), to_public)

    def set_groups(self, groups: Iterable[Group], remove: Iterable[str] = ()) -> None:
        """Make these groups so; a removed one must have no member and no rule that names it."""
        groups = list(groups)
        gone = [name for name in remove if name in self.groups]
        with self._batch() as table:
            made = self._ensure_groups(
                name for group in groups for name in (group.name, *_references(group))
            )
            for group in groups:
                self._rewrite(f"{group.name}_in", [_ingress(rule) for rule in group.ingress])
                self._rewrite(f"{group.name}_out", [_egress(rule) for rule in group.egress])
            for name in gone:
                self._drop_chain(f"{name}_in")
                self._drop_chain(f"{name}_out")
            for name in gone:
                table.delete_set(_members(name))
        self.groups |= made | {group.name: group for group in groups}
        for name in gone:
            del self.groups[name]

    def _ensure_groups(self, names: Iterable[str]) -> dict[str, Group]:
        """Names whose rules are not known yet let nothing through."""
        made = {name: Group(name) for name in names if name not in self.groups}
        for name in made:
            self._table.add_set(_members(name), ADDRESS)
            self._table.add_chain(f"{name}_in")
            self._table.add_chain(f"{name}_out")
        return made

    def ensure_interface(self, device: str, interface: EnsureInterface) -> None:
        """Let the groups of an interface decide for its device."""
        old = self._interfaces.get(device)
        with self._batch() as table:
            made = self._ensure_groups(interface.groups)
            for letter in "soi":
                table.add_chain(f"{letter}_{device}")
            self._write_chains(device, interface)
            self._place(device, old, interface)
            self._change_members(old, interface)
        self.groups |= made
        self._interfaces[device] = interface

    def _write_chains(self, device: str, interface: EnsureInterface) -> None:
        sources = [e.load_source() + e.compare(_packed(each)) for each in interface.addresses]
        refused = e.counter() + e.drop()
        self._rewrite(
            f"s_{device}", [*(e.is_ipv4() + each + e.back() for each in sources), refused]
        )
        for letter, way in (("o", "out"), ("i", "in")):
            asked = [e.jump(f"{group}_{way}") for group in interface.groups]
            self._rewrite(f"{letter}_{device}", [*asked, refused])

    def remove_interface(self, device: str) -> None:
        old = self._interfaces.get(device)
        if old is None:
            return
        with self._batch():
            self._place(device, old, None)
            self._change_members(old, None)
            for letter in "soi":
                self._drop_chain(f"{letter}_{device}")
        del self._interfaces[device]

    def _place(self, device: str, old: EnsureInterface | None, new: EnsureInterface | None) -> None:
        """Enter the device into the maps, or take it out."""
        key = e.device_name(device)
        for name, letter in (
            ("owners", "s"),
            ("leaving", "o"),
            ("entering", "i"),
            ("checked", "s"),
        ):
            was = old is not None and (name != "checked" or old.source_check)
            shall = new is not None and (name != "checked" or new.source_check)
            if shall and not was:
                chain = e.verdict_data(e.JUMP, f"{letter}_{device}")
                self._table.add_elements(name, [Element(key, chain)])
            elif was and not shall:
                self._table.delete_elements(name, [key])

    def _change_members(self, old: EnsureInterface | None, new: EnsureInterface | None) -> None:
        was = _memberships(old)
        shall = _memberships(new)
        for group, address in sorted(was - shall):
            self._table.delete_elements(_members(group), [_packed(address)])
        for group, address in sorted(shall - was):
            self._table.add_elements(_members(group), [Element(_packed(address))])

    def set_public(self, public: dict[str, str]) -> None:
        """All public addresses, each with the private one behind it."""
        gone = {
            way: self._public[way] for way in self._public if public.get(way) != self._public[way]
        }
        new = {way: public[way] for way in public if self._public.get(way) != public[way]}
        with self._batch() as table:
            table.delete_elements("public", [_packed(each) for each in gone])
            table.delete_elements("private", [_packed(each) for each in gone.values()])
            table.add_elements("public", [_mapped(each, new[each]) for each in new])
            table.add_elements("private", [_mapped(new[each], each) for each in new])
        self._public = dict(public)

    def rules(self) -> list[FoundRule]:
        return self._table.rules()

    def close(self) -> None:
        self._table.close()

    @contextmanager
    def _batch(self) -> Iterator[Table]:
        """Do at the end all that was gathered within, or nothing."""
        try:
            yield self._table
            self._table.commit()
        finally:
            self._table.discard()

    def _rewrite(self, chain: str, rules: list[bytes]) -> None:
        self._table.flush_chain(chain)
        for rule in rules:
            self._table.add_rule(chain, rule)

    def _drop_chain(self, chain: str) -> None:
        self._table.flush_chain(chain)
        self._table.delete_chain(chain)


def _members(group: str) -> str:
    return f"m_{group}"


def _memberships(interface: EnsureInterface | None) -> set[tuple[str, str]]:
    if interface is None:
        return set()
    return {(group, address) for group in interface.groups for address in interface.addresses}


def _mapped(key: str, value: str) -> Element:
    return Element(_packed(key), e.value_data(_packed(value)))


def _packed(address: str) -> bytes:
    return ipaddress.IPv4Address(address).packed


def _is_network(peer: str) -> bool:
    return "/" in peer


def _references(group: Group) -> list[str]:
    rules = (*group.ingress, *group.egress)
    return [rule.peer for rule in rules if not _is_network(rule.peer)]


def _ingress(rule: Rule) -> bytes:
    if _is_network(rule.peer):
        return e.is_from(rule.peer) + _traffic(rule) + e.accept()
    member = e.is_ipv4() + e.load_source() + e.lookup(_members(rule.peer))
    return member + _traffic(rule) + e.accept()


def _egress(rule: Rule) -> bytes:
    if _is_network(rule.peer):
        return e.is_to(rule.peer) + _traffic(rule) + e.accept()
    member = e.is_ipv4() + e.load_destination() + e.lookup(_members(rule.peer))
    return member + _traffic(rule) + e.accept()


def _traffic(rule: Rule) -> bytes:
    if rule.protocol == _ANY:
        return b""
    matches = e.is_protocol(rule.protocol)
    if rule.low == _ANY:
        return matches
    if rule.protocol in {_TCP, _UDP}:
        return matches + e.is_to_ports(rule.low, max(rule.low, rule.high))
    if rule.protocol in {_ICMP, _ICMPV6}:
        return matches + e.is_icmp(rule.low, rule.high)
    return matches
