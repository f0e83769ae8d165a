"""The roots' own keys, where the well-known ones are off.

That of the first account is made at the first start and shown once; others when they are asked for.
"""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

from cloudling.kernel.ids import access_key_id
from cloudling.services.iam.call import IamCall
from cloudling.services.iam.records import AccessKey

if TYPE_CHECKING:
    from cloudling.kernel import Collection
    from cloudling.kernel.cloud import Cloud


async def ensure_root_key(cloud: Cloud, account: str) -> tuple[str, ...]:
    """Lines that show a new root key; none when the account's root has one already."""
    if await _keys_of(cloud, account):
        return ()
    key = await _make(cloud, account)
    return (
        f"The root of account {account} has a new access key, shown this once:",
        f"  AWS_ACCESS_KEY_ID={key.id}",
        f"  AWS_SECRET_ACCESS_KEY={key.secret}",
    )


async def root_key(cloud: Cloud, account: str) -> tuple[str, str]:
    """Id and secret of a key of the account's root, for whoever may administer the cloud.

    AWS mails a password to the root of an account that Organizations has made; nothing here does.
    """
    active = [key for key in await _keys_of(cloud, account) if key.active]
    key = active[0] if active else await _make(cloud, account)
    return key.id, key.secret


def _keys(cloud: Cloud) -> Collection[AccessKey]:
    return cloud.store.table(IamCall.access_keys.spec).bind("", "")


async def _keys_of(cloud: Cloud, account: str) -> list[AccessKey]:
    found = await _keys(cloud).find(user="")
    return sorted((key for key in found if key.account == account), key=lambda key: key.created)


async def _make(cloud: Cloud, account: str) -> AccessKey:
    key = AccessKey(
        id=access_key_id("AKIA", account, secrets.randbits(35)),
        account=account,
        user="",
        secret=base64.b64encode(secrets.token_bytes(30)).decode(),
        created=cloud.clock.now(),
    )
    with cloud.store.unit():
        await _keys(cloud).put(key)
    await cloud.store.committed()
    return key
