"""AWS's own prefix lists, which rules may name.

The lists are empty: in this cloud S3 and DynamoDB have no addresses of their own.
https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from cloudling.kernel import arns, operation
from cloudling.services.ec2 import listings, references
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.listings import Listing
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

Request = dict[str, Any]
_SERVICES = ("dynamodb", "s3")
_NAMES = {"prefix-list-id": "PrefixListId", "prefix-list-name": "PrefixListName"}
_PLAIN = Listing(
    kind="prefix-list",
    member="PrefixLists",
    ids="PrefixListIds",
    id="PrefixListId",
    filters=Filters(_NAMES, tagged=False),
)
MANAGED = Listing(
    kind="prefix-list",
    member="PrefixLists",
    ids="PrefixListIds",
    id="PrefixListId",
    filters=Filters({**_NAMES, "owner-id": "OwnerId"}, tagged=False),
    sizes=(1, 100),
)


def lists(call: Ec2Call) -> dict[str, str]:
    """The names of a region's lists by their ids, which are the same in every account."""
    names = [f"com.amazonaws.{call.region}.{service}" for service in _SERVICES]
    return {f"pl-{hashlib.sha256(name.encode()).hexdigest()[:8]}": name for name in names}


@operation("DescribePrefixLists")
async def describe_prefix_lists(call: Ec2Call, request: Request) -> Request:
    items = [
        {"PrefixListId": each, "PrefixListName": name, "Cidrs": []}
        for each, name in lists(call).items()
    ]
    return listings.answer(call, request, _PLAIN, items)


@operation("DescribeManagedPrefixLists")
async def describe_managed_prefix_lists(call: Ec2Call, request: Request) -> Request:
    items = [
        {
            "PrefixListId": each,
            "PrefixListName": name,
            "PrefixListArn": str(
                arns.Arn(call.partition, "ec2", call.region, "aws", f"prefix-list/{each}")
            ),
            "AddressFamily": "IPv4",
            "State": "create-complete",
            "OwnerId": "AWS",
            "Tags": [],
        }
        for each, name in lists(call).items()
    ]
    return listings.answer(call, request, MANAGED, items)


@operation("GetManagedPrefixListEntries")
async def get_managed_prefix_list_entries(call: Ec2Call, request: Request) -> Request:
    listings.check_size(request, 1, 100)
    references.require("prefix-list", [required(request, "PrefixListId")], lists(call))
    return {"Entries": []}
