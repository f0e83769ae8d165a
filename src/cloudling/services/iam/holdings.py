"""The policies that hang on users, groups and roles, with their documents: read in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cloudling.kernel import arns
from cloudling.models import managed_policies
from cloudling.services.iam.call import IamCall

if TYPE_CHECKING:
    from cloudling.kernel.cloud import Cloud


class Held(NamedTuple):
    """One policy; `owner` is whom it hangs on (`user/<key>`), `arn` is "" for inline ones."""

    owner: str
    name: str
    arn: str
    document: str


class Holdings:
    """All policies of one account."""

    def __init__(self, cloud: Cloud, account: str) -> None:
        table = cloud.store.table
        self._memberships = table(IamCall.memberships.spec).bind(account, "")
        self._inline = table(IamCall.inline_policies.spec).bind(account, "")
        self._attachments = table(IamCall.attachments.spec).bind(account, "")
        self._policies = table(IamCall.policies.spec).bind(account, "")
        self._versions = table(IamCall.policy_versions.spec).bind(account, "")

    async def all_of(self, kind: str, key: str) -> list[Held]:
        """What a principal has: its own policies, and for a user those of its groups."""
        found = await self._on(f"{kind}/{key}")
        if kind == "user":
            for membership in await self._memberships.page(key, limit=None):
                found += await self._on(f"group/{membership.group_key}")
        return found

    async def _on(self, owner: str) -> list[Held]:
        """Inline policies, then attached ones."""
        inline = await self._inline.page(owner, limit=None)
        attached = await self._attachments.page(owner, limit=None)
        managed = [await self.managed(each.policy, owner) for each in attached]
        return [Held(owner, each.name, "", each.document) for each in inline] + [
            each for each in managed if each
        ]

    async def managed(self, arn: str, owner: str = "") -> Held | None:
        """A managed policy with the document of its default version."""
        name = arn.rpartition("/")[2]
        if arns.arn_account(arn) == "aws":
            published = managed_policies.find(arn)
            return Held(owner, name, arn, published.document) if published else None
        found = await self._policies.find(arn=arn)
        if not found:
            return None
        version = await self._versions.get(arn, str(found[0].default_version))
        return Held(owner, name, arn, version.document) if version else None
