"""The handle of Organizations' operations."""

from __future__ import annotations

from cloudling.kernel import Call, collection
from cloudling.services.organizations.records import (
    Account,
    Attachment,
    Creation,
    Organization,
    Policy,
    Unit,
)


class OrganizationsCall(Call):
    """All collections are the world's: the accounts of an organization share them."""

    organizations = collection(
        Organization, name="organizations_organizations", key=("id",), scope="world"
    )
    units = collection(
        Unit,
        name="organizations_units",
        key=("id",),
        scope="world",
        indexes=("organization", "parent"),
    )
    accounts = collection(
        Account,
        name="organizations_accounts",
        key=("id",),
        scope="world",
        indexes=("organization", "parent", "email", "status"),
    )
    policies = collection(
        Policy,
        name="organizations_policies",
        key=("id",),
        scope="world",
        indexes=("organization",),
    )
    attachments = collection(
        Attachment,
        name="organizations_attachments",
        key=("target", "policy"),
        scope="world",
        indexes=("organization", "policy"),
    )
    creations = collection(
        Creation,
        name="organizations_creations",
        key=("id",),
        scope="world",
        indexes=("organization", "state"),
    )
