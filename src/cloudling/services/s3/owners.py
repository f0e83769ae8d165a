"""Canonical user ids, by which S3 names accounts as owners and grantees."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudling.kernel.identities import Identity


@lru_cache(maxsize=1024)
def canonical_id(account: str) -> str:
    """64 hexadecimal digits that stay the same for an account."""
    return hashlib.sha256(f"canonical user of {account}".encode()).hexdigest()


def owner(account: str) -> dict[str, str]:
    """An `Owner`; AWS gives no display names any more."""
    return {"ID": canonical_id(account)}


def initiator(identity: Identity) -> tuple[str, str]:
    """Id and display name of who starts a multipart upload: the ARN, but of root the account's."""
    if identity.kind in ("root", "anonymous"):
        return canonical_id(identity.account), ""
    return identity.principal_arn if identity.kind == "user" else identity.arn, identity.name
