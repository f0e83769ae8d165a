"""Internet gateways: the door between a VPC and the internet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import defaults, listings, taggings
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.records import InternetGateway

Request = dict[str, Any]
LISTING = Listing(
    kind="internet-gateway",
    member="InternetGateways",
    ids="InternetGatewayIds",
    id="InternetGatewayId",
    filters=Filters(
        {
            "attachment.state": "Attachments.State",
            "attachment.vpc-id": "Attachments.VpcId",
            "internet-gateway-id": "InternetGatewayId",
            "owner-id": "OwnerId",
        }
    ),
)


@operation("DescribeInternetGateways")
async def describe_internet_gateways(call: Ec2Call, request: Request) -> Request:
    await defaults.prepare(call)
    found = await listings.records(call.internet_gateways, request, LISTING)
    items = [await describe(call, each) for each in found]
    return listings.answer(call, request, LISTING, items)


async def describe(call: Ec2Call, gateway: InternetGateway) -> Request:
    attached = [{"State": "available", "VpcId": gateway.vpc}] if gateway.vpc else []
    return {
        "InternetGatewayId": gateway.id,
        "OwnerId": call.account,
        "Attachments": attached,
        "Tags": await taggings.of(call, "internet-gateway", gateway.id),
    }
