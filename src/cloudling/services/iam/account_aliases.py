"""The account's alias, of which there is one at most: a new one takes the old one's place.

https://docs.aws.amazon.com/IAM/latest/UserGuide/account-alias-create.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.iam import entities
from cloudling.services.iam.errors import EntityAlreadyExists, NoSuchEntity
from cloudling.services.iam.records import AccountAlias

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]


async def name(call: IamCall) -> str:
    """What people call the account: its alias, or its number."""
    found = await call.aliases.find(account=call.account)
    return found[0].alias if found else call.account


@operation("CreateAccountAlias")
async def create_account_alias(call: IamCall, request: Request) -> Request:
    alias = request["AccountAlias"]
    if await call.aliases.get(alias):
        raise EntityAlreadyExists(f"The account alias {alias} already exists.")
    for old in await call.aliases.find(account=call.account):
        await call.aliases.delete(old.alias)
    await call.aliases.put(AccountAlias(alias=alias, account=call.account))
    return {}


@operation("DeleteAccountAlias")
async def delete_account_alias(call: IamCall, request: Request) -> Request:
    alias = request["AccountAlias"]
    found = await call.aliases.get(alias)
    if found is None or found.account != call.account:
        raise NoSuchEntity(f"The account alias {alias} cannot be found.")
    await call.aliases.delete(alias)
    return {}


@operation("ListAccountAliases")
async def list_account_aliases(call: IamCall, request: Request) -> Request:
    found = [each.alias for each in await call.aliases.find(account=call.account)]
    shown, more = entities.page(call, request, found)
    return {"AccountAliases": list(shown), **more}
