"""Ids in Organizations' forms, and the ARNs that are made of them."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudling.kernel.cloud import Cloud
    from cloudling.services.organizations.call import OrganizationsCall
    from cloudling.services.organizations.records import Organization

_SIGNS = string.ascii_lowercase + string.digits


def new(call: OrganizationsCall, prefix: str, length: int) -> str:
    """Such as `o-a1b2c3d4e5`: letters and digits, from the cloud's seed."""
    return prefix + "".join(call.random.choices(_SIGNS, k=length))


def new_unit(call: OrganizationsCall, organization: Organization) -> str:
    """`ou-<the root's own part>-xxxxxxxx`."""
    return new(call, f"ou-{organization.root.removeprefix('r-')}-", 8)


def kind_of(target: str) -> str:
    """ "ROOT", "ORGANIZATIONAL_UNIT" or "ACCOUNT", as the id's form tells."""
    if target.startswith("r-"):
        return "ROOT"
    return "ORGANIZATIONAL_UNIT" if target.startswith("ou-") else "ACCOUNT"


def organization_arn(cloud: Cloud, organization: Organization) -> str:
    return _arn(cloud, organization, "organization")


def arn_of(cloud: Cloud, organization: Organization, target: str) -> str:
    """Of a root, a unit or an account; all are named after the management account."""
    match kind_of(target):
        case "ROOT":
            return _arn(cloud, organization, "root", RootId=target.removeprefix("r-"))
        case "ORGANIZATIONAL_UNIT":
            unit = target.removeprefix("ou-")
            return _arn(cloud, organization, "organizationalunit", OrganizationalUnitId=unit)
        case _:
            return _arn(cloud, organization, "account", AccountId=target)


def policy_arn(cloud: Cloud, organization: Organization, kind: str, policy: str) -> str:
    """Of a policy by its type and id; AWS's own belong to no organization."""
    values = {"PolicyType": kind.lower(), "PolicyId": policy.removeprefix("p-")}
    template = "awspolicy" if policy.endswith("FullAWSAccess") else "policy"
    return _arn(cloud, organization, template, **values)


def _arn(cloud: Cloud, organization: Organization, kind: str, **values: str) -> str:
    return cloud.resources.arn(
        "organizations",
        kind,
        {
            "Partition": "aws",
            "Account": organization.management,
            "OrganizationId": organization.id.removeprefix("o-"),
            **values,
        },
    )
