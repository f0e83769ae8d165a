"""DHCP options: what instances are told about names and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import defaults, listings, taggings
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.records import DhcpOptions

Request = dict[str, Any]
LISTING = Listing(
    kind="dhcp-options",
    member="DhcpOptions",
    ids="DhcpOptionsIds",
    id="DhcpOptionsId",
    filters=Filters(
        {
            "dhcp-options-id": "DhcpOptionsId",
            "key": "DhcpConfigurations.Key",
            "owner-id": "OwnerId",
            "value": "DhcpConfigurations.Values.Value",
        }
    ),
)


@operation("DescribeDhcpOptions")
async def describe_dhcp_options(call: Ec2Call, request: Request) -> Request:
    await defaults.prepare(call)
    found = await listings.records(call.dhcp_options, request, LISTING)
    items = [await describe(call, each) for each in found]
    return listings.answer(call, request, LISTING, items)


async def describe(call: Ec2Call, found: DhcpOptions) -> Request:
    return {
        "DhcpOptionsId": found.id,
        "OwnerId": call.account,
        "DhcpConfigurations": [
            {"Key": key, "Values": [{"Value": value} for value in values]}
            for key, values in found.options.items()
        ],
        "Tags": await taggings.of(call, "dhcp-options", found.id),
    }
