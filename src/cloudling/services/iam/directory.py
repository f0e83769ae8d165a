"""Users and roles by ARN and by unique id, for the policies of other things that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.kernel import arns
from cloudling.kernel.ids import account_of
from cloudling.services.iam.call import IamCall

if TYPE_CHECKING:
    from cloudling.kernel.cloud import Cloud
    from cloudling.services.iam.records import Role, User

_AWSS_OWN = {"cloudfront"}  # stands in the account's place of origin access identities
_KEY_ID = 20  # a unique id begins like a key id of the same account, which has 20 characters


class Directory:
    """The port of the same name."""

    def __init__(self, cloud: Cloud) -> None:
        self._users = cloud.store.table(IamCall.users.spec)
        self._roles = cloud.store.table(IamCall.roles.spec)

    async def id_of(self, arn: str) -> str | None:
        """See the port. Whole accounts cannot be known here, so any may be named."""
        parsed = arns.Arn.parse(arn)
        kind, _, path = parsed.resource.partition("/")
        if parsed.service == "sts" and kind == "assumed-role":
            name, _, session = path.partition("/")
            role = await self._roles.bind(parsed.account, "").get(name.lower())
            return f"{role.id}:{session}" if role and role.name == name else None
        if parsed.service != "iam" or kind not in {"user", "role"} or parsed.account in _AWSS_OWN:
            return ""
        found = await self._named(parsed.account, kind, path.rpartition("/")[2].lower())
        return found.id if found and f"/{path}" == f"{found.path}{found.name}" else None

    async def arn_of(self, unique_id: str, partition: str) -> str | None:
        """See the port."""
        own, _, session = unique_id.partition(":")
        account = account_of(own[:_KEY_ID])
        if account is None:
            return None
        if own.startswith("AIDA"):
            users = await self._users.bind(account, "").find(id=own)
            return _arn(account, "user", users[0], partition) if users else None
        roles = await self._roles.bind(account, "").find(id=own)
        if not roles:
            return None
        if session:
            return arns.assumed_role(account, roles[0].name, session, partition)
        return _arn(account, "role", roles[0], partition)

    async def _named(self, account: str, kind: str, key: str) -> User | Role | None:
        if kind == "user":
            return await self._users.bind(account, "").get(key)
        return await self._roles.bind(account, "").get(key)


def _arn(account: str, kind: str, entity: User | Role, partition: str) -> str:
    return arns.iam(account, kind, entity.path, entity.name, partition)
