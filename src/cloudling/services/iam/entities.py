"""What IAM's entities share: ARNs, listings in pages, owners of policies, documents on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import msgspec

from cloudling.kernel import arns
from cloudling.kernel.pages import WrongToken
from cloudling.services.iam.errors import DeleteConflict, ValidationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.records import Group, InstanceProfile, ManagedPolicy, Role, User

    Entity = User | Group | Role | ManagedPolicy | InstanceProfile

T = TypeVar("T")
PAGE = 100


def arn(call: IamCall, kind: str, entity: Entity) -> str:
    """`arn:aws:iam::111122223333:user/path/name`."""
    return arns.iam(call.account, kind, entity.path, entity.name, call.partition)


def encoded(document: str) -> str:
    """Documents travel percent-encoded (RFC 3986), as the API reference says."""
    return quote(document, safe="-_.~")


def page(
    call: IamCall, request: dict[str, Any], items: Sequence[T]
) -> tuple[Sequence[T], dict[str, Any]]:
    """The asked page of a listing, and the members that tell of the next."""
    start = 0
    bound = call.account, call.operation.name
    if "Marker" in request:
        try:
            start = int(str(call.pages.open(request["Marker"], *bound)))
        except (WrongToken, ValueError):
            raise ValidationError("Invalid Marker.") from None
    end = start + request.get("MaxItems", PAGE)
    if end >= len(items):
        return items[start:], {"IsTruncated": False}
    return items[start:end], {"IsTruncated": True, "Marker": call.pages.seal(end, *bound)}


async def rename_owner(call: IamCall, old: str, new: str) -> None:
    """A principal has another name: its policies go with it."""
    for inline in await call.inline_policies.page(old, limit=None):
        await call.inline_policies.delete(old, inline.key)
        await call.inline_policies.put(msgspec.structs.replace(inline, owner=new))
    for attachment in await call.attachments.page(old, limit=None):
        await call.attachments.delete(old, attachment.policy)
        await call.attachments.put(msgspec.structs.replace(attachment, owner=new))


async def require_bare(call: IamCall, owner: str) -> None:
    """Nothing may hang on a principal that is deleted."""
    if await call.attachments.page(owner, limit=1):
        raise DeleteConflict("Cannot delete entity, must detach all policies first.")
    if await call.inline_policies.page(owner, limit=1):
        raise DeleteConflict("Cannot delete entity, must delete policies first.")
