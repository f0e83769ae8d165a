"""What a VPC's machines are called and where they are reached: told to carrier and networks.

Told before the first machine of a VPC starts, and again at each change from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cloudling.kernel.attendance import Published, ServedNetwork
from cloudling.kernel.followers import follower
from cloudling.kernel.networks import DriverGone
from cloudling.services.ec2 import planes, private_addresses, publications, runtime
from cloudling.services.ec2.call import Ec2Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.ec2.instance_records import NetworkInterface
    from cloudling.services.ec2.records import Vpc


class Faces(NamedTuple):
    """All that is said of a VPC's addresses."""

    served: ServedNetwork
    public: dict[str, str]
    published: tuple[Published, ...]


async def show(call: Ec2Call, vpc_id: str) -> None:
    """Tell what differs from what was told last. Raises the drivers' OSError."""
    known = runtime.of(call)
    place = call.account, call.region, vpc_id
    async with known.lock(f"faces {vpc_id}"):
        # From here to the last word the records may change; then a follower comes again.
        wanted = await of_vpc(call, vpc_id)
        if wanted is None:
            known.networks.pop(place, None)
            return
        told: Faces | None = known.networks.get(place)
        networks, carrier = call.cloud.networks, call.cloud.carrier
        if carrier is not None and (told is None or told.served != wanted.served):
            await carrier.ensure_network(wanted.served)
        if networks is not None and (told is None or told.public != wanted.public):
            await networks.set_public(vpc_id, wanted.public)
        if carrier is not None and (told is None or told.published != wanted.published):
            await carrier.publish(vpc_id, wanted.published)
        known.networks[place] = wanted


@follower(Ec2Call.network_interfaces, Ec2Call.security_group_rules)
async def follow_faces(call: Ec2Call) -> None:
    """Tell again what was told once and is another thing now."""
    known = runtime.of(call)
    for account, region, vpc_id in list(known.networks):
        if (account, region) == (call.account, call.region):
            try:
                await show(call, vpc_id)
            except DriverGone:
                known.forget()
                return


async def of_vpc(call: Ec2Call, vpc_id: str) -> Faces | None:
    """What is true by the records; None where the VPC is gone."""
    vpc = await call.vpcs.get(vpc_id)
    if vpc is None:
        return None
    cards = sorted(await call.network_interfaces.find(vpc=vpc_id), key=lambda card: card.id)
    public = {card.public: card.address for card in cards if card.public}
    return Faces(_served(call, vpc, cards, public), public, await _published(call, cards))


def _served(
    call: Ec2Call, vpc: Vpc, cards: Sequence[NetworkInterface], public: dict[str, str]
) -> ServedNetwork:
    names = {
        private_addresses.private_name(card.address, call.region): card.address for card in cards
    }
    return ServedNetwork(
        name=vpc.id,
        account=call.account,
        region=call.region,
        block=vpc.cidr,
        resolvers=planes.resolvers(vpc),
        domain=private_addresses.domain(call.region),
        names=names if vpc.dns_hostnames or vpc.dns_support else {},
        public=public,
    )


async def _published(call: Ec2Call, cards: Sequence[NetworkInterface]) -> tuple[Published, ...]:
    wanted = [card for card in cards if card.public]
    if not wanted:
        return ()
    rules = await call.security_group_rules.page(limit=None)
    host = call.cloud.host_address
    return tuple(
        Published(
            address=card.public,
            machine=card.instance,
            private=card.address,
            open=publications.open_ports(card.groups, rules, host),
            named=publications.named_ports(card.groups, rules),
        )
        for card in wanted
    )
