"""What a network's names mean: its own, public ones from within, and AWS's."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from cloudling.drivers.carrier.names import codec
from cloudling.drivers.carrier.names.codec import NO_SUCH_NAME, Found

if TYPE_CHECKING:
    from cloudling.kernel.attendance import ServedNetwork

_METADATA = "169.254.169.254"
_AWS = "amazonaws.com"
_REVERSE = ".in-addr.arpa"
_PRIVATE_NAME = re.compile(r"ip-(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})\Z")
_PUBLIC_NAME = re.compile(
    r"ec2-(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})\.(?:compute-1|[a-z0-9-]+\.compute)\.amazonaws\.com\Z"
)
_LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


def public_address(name: str) -> str | None:
    """The address that stands in a public name; None where it is no such name, or none of ours."""
    address = _address_in(_PUBLIC_NAME.match(name))
    if address is None or ipaddress.IPv4Address(address) not in _LOOPBACK:
        return None
    return address


def public_name(address: str, region: str) -> str:
    """The name of a public address."""
    place = "compute-1" if region == "us-east-1" else f"{region}.compute"
    return f"ec2-{address.replace('.', '-')}.{place}.{_AWS}"


class Zone:
    """One network's view; `endpoint` is where AWS's own names lead."""

    def __init__(self, network: ServedNetwork, endpoint: str) -> None:
        self._network = network
        self._endpoint = endpoint
        self._block = ipaddress.ip_network(network.block)
        self._names = {self._whole(name): at for name, at in network.names.items()}
        self._named = {at: name for name, at in self._names.items()}
        self._names["localhost"] = "127.0.0.1"
        self._names[self._whole("instance-data")] = _METADATA

    def find(self, name: str) -> Found | None:
        """What a name means here; None where it is not for us to say."""
        if name in self._names:
            return codec.addresses(self._names[name])
        if name.endswith(_REVERSE):
            return self._find_name(name.removesuffix(_REVERSE))
        if name == _AWS or name.endswith(f".{_AWS}"):
            return self._find_aws(name)
        if "." not in name or self._is_own(name):
            return self._find_private(name)
        return None

    def _find_aws(self, name: str) -> Found:
        if not _PUBLIC_NAME.match(name):
            return codec.addresses(self._endpoint)
        address = public_address(name)
        if address is None:
            return NO_SUCH_NAME
        # Within the network a public name means the private address behind it.
        return codec.addresses(self._network.public.get(address, address))

    def _find_private(self, name: str) -> Found:
        domain = self._network.domain
        first = name.removesuffix(f".{domain}") if domain else name
        address = _address_in(_PRIVATE_NAME.match(first)) if first != name else None
        if address is None or ipaddress.ip_address(address) not in self._block:
            return NO_SUCH_NAME
        return codec.addresses(address)

    def _find_name(self, reverse: str) -> Found:
        address = ".".join(reversed(reverse.split(".")))
        try:
            found = ipaddress.IPv4Address(address)
        except ValueError:
            return NO_SUCH_NAME
        if address in self._network.public:
            return codec.name(public_name(address, self._network.region))
        if found not in self._block or not self._network.domain:
            return NO_SUCH_NAME
        private = f"ip-{address.replace('.', '-')}.{self._network.domain}"
        return codec.name(self._named.get(address, private))

    def _is_own(self, name: str) -> bool:
        domain = self._network.domain
        return bool(domain) and (name == domain or name.endswith(f".{domain}"))

    def _whole(self, name: str) -> str:
        name = name.lower().rstrip(".")
        domain = self._network.domain
        return name if "." in name or not domain else f"{name}.{domain}"


def _address_in(found: re.Match[str] | None) -> str | None:
    if found is None:
        return None
    try:
        return str(ipaddress.IPv4Address(".".join(str(int(part)) for part in found.groups())))
    except ValueError:
        return None
