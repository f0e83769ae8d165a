"""What EC2 grants an account in a region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import defaults
from cloudling.services.ec2.errors import InvalidParameterValue

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

Request = dict[str, Any]
_FIXED = {
    "supported-platforms": "VPC",
    "max-instances": "20",
    "vpc-max-security-groups-per-interface": "5",
    "max-elastic-ips": "5",
    "vpc-max-elastic-ips": "5",
}


@operation("DescribeAccountAttributes")
async def describe_account_attributes(call: Ec2Call, request: Request) -> Request:
    await defaults.prepare(call)
    vpc = await defaults.vpc(call)
    known = {**_FIXED, "default-vpc": vpc.id if vpc else "none"}
    asked = request.get("AttributeNames") or list(known)
    if unknown := [name for name in asked if name not in known]:
        raise InvalidParameterValue(
            f"Value ({unknown[0]}) for parameter attributeName is invalid. "
            "Unknown account attribute."
        )
    attributes = [
        {"AttributeName": name, "AttributeValues": [{"AttributeValue": value}]}
        for name, value in known.items()
        if name in asked
    ]
    return {"AccountAttributes": attributes}
