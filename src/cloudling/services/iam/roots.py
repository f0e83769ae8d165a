"""The root's own key, where the well-known ones are off: made at the first start, shown once."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

from cloudling.kernel.ids import access_key_id
from cloudling.services.iam.call import IamCall
from cloudling.services.iam.records import AccessKey

if TYPE_CHECKING:
    from cloudling.kernel.cloud import Cloud


async def ensure_root_key(cloud: Cloud, account: str) -> tuple[str, ...]:
    """Lines that show a new root key; none when the account's root has one already."""
    keys = cloud.store.table(IamCall.access_keys.spec).bind("", "")
    if any(key.account == account for key in await keys.find(user="")):
        return ()
    key = AccessKey(
        id=access_key_id("AKIA", account, secrets.randbits(35)),
        account=account,
        user="",
        secret=base64.b64encode(secrets.token_bytes(30)).decode(),
        created=cloud.clock.now(),
    )
    with cloud.store.unit():
        await keys.put(key)
    await cloud.store.committed()
    return (
        f"The root of account {account} has a new access key, shown this once:",
        f"  AWS_ACCESS_KEY_ID={key.id}",
        f"  AWS_SECRET_ACCESS_KEY={key.secret}",
    )
