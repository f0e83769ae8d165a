"""Route tables: how packets leave a subnet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import defaults, listings, taggings
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.records import RouteTable

Request = dict[str, Any]
LISTING = Listing(
    kind="route-table",
    member="RouteTables",
    ids="RouteTableIds",
    id="RouteTableId",
    filters=Filters(
        {
            "association.gateway-id": "Associations.GatewayId",
            "association.main": "Associations.Main",
            "association.route-table-association-id": "Associations.RouteTableAssociationId",
            "association.route-table-id": "Associations.RouteTableId",
            "association.subnet-id": "Associations.SubnetId",
            "owner-id": "OwnerId",
            "route-table-id": "RouteTableId",
            "route.destination-cidr-block": "Routes.DestinationCidrBlock",
            "route.destination-ipv6-cidr-block": "Routes.DestinationIpv6CidrBlock",
            "route.destination-prefix-list-id": "Routes.DestinationPrefixListId",
            "route.egress-only-internet-gateway-id": "Routes.EgressOnlyInternetGatewayId",
            "route.gateway-id": "Routes.GatewayId",
            "route.instance-id": "Routes.InstanceId",
            "route.nat-gateway-id": "Routes.NatGatewayId",
            "route.origin": "Routes.Origin",
            "route.state": "Routes.State",
            "route.transit-gateway-id": "Routes.TransitGatewayId",
            "route.vpc-peering-connection-id": "Routes.VpcPeeringConnectionId",
            "vpc-id": "VpcId",
        }
    ),
    sizes=(5, 100),
)


@operation("DescribeRouteTables")
async def describe_route_tables(call: Ec2Call, request: Request) -> Request:
    await defaults.prepare(call)
    found = await listings.records(call.route_tables, request, LISTING)
    items = [await describe(call, each) for each in found]
    return listings.answer(call, request, LISTING, items)


async def describe(call: Ec2Call, table: RouteTable) -> Request:
    routes = [
        {
            "DestinationCidrBlock": route.cidr,
            "GatewayId": route.gateway,
            "Origin": route.origin,
            "State": "active",
        }
        for route in table.routes
    ]
    associations = [
        {
            "Main": use.main,
            "RouteTableAssociationId": use.id,
            "RouteTableId": table.id,
            "AssociationState": {"State": "associated"},
            **({"SubnetId": use.subnet} if use.subnet else {}),
        }
        for use in table.uses
    ]
    return {
        "RouteTableId": table.id,
        "VpcId": table.vpc,
        "OwnerId": call.account,
        "Associations": associations,
        "PropagatingVgws": [],
        "Routes": routes,
        "Tags": await taggings.of(call, "route-table", table.id),
    }
