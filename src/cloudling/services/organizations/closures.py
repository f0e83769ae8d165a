"""Closing accounts: at first nobody can use them, and after 90 days they are gone.

https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-closing.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cloudling.kernel.reconcilers import Wake, reconciler
from cloudling.services.organizations import accounts
from cloudling.services.organizations.call import OrganizationsCall

if TYPE_CHECKING:
    from cloudling.services.organizations.records import Account

_PENDING_SECONDS = 1.0
_KEPT_SECONDS = 90 * 86_400.0


@reconciler(OrganizationsCall.accounts, status="PENDING_CLOSURE")
async def suspend(call: OrganizationsCall, account: Account) -> Wake | None:
    due = account.closed + _PENDING_SECONDS
    if call.clock.now() < due:
        return Wake(due)
    async with call.unit():
        await call.accounts.put(msgspec.structs.replace(account, status="SUSPENDED"))
    return None


@reconciler(OrganizationsCall.accounts, status="SUSPENDED")
async def forget(call: OrganizationsCall, account: Account) -> Wake | None:
    due = account.closed + _KEPT_SECONDS
    if call.clock.now() < due:
        return Wake(due)
    organization = await call.organizations.get(account.organization)
    if organization is not None:
        async with call.unit():
            await accounts.leave(call, organization, account)
    return None
