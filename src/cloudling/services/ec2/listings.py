"""What all describe operations do alike: ids that are asked for, filters, pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from cloudling.kernel import Record
from cloudling.kernel.pages import WrongToken
from cloudling.services.ec2 import references
from cloudling.services.ec2.errors import (
    InvalidPaginationToken,
    InvalidParameterCombination,
    InvalidParameterValue,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.kernel import Call, Collection
    from cloudling.services.ec2.filters import Filters

Request = dict[str, Any]
Item = dict[str, Any]
R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Listing:
    """How one describe operation names things.

    `kind` is the resource type, `ids` the request's member with their ids, `id` the member of an
    item that holds its own, `member` the answer's list. `sizes` are the least and most that
    `MaxResults` may be. With `alone` it cannot be given together with ids.
    """

    kind: str
    member: str
    ids: str
    id: str
    filters: Filters
    sizes: tuple[int, int] = (5, 1000)
    alone: bool = False


def answer(call: Call, request: Request, listing: Listing, items: Sequence[Item]) -> Request:
    """The result of a describe operation over all the items there are."""
    check_size(request, *listing.sizes)
    asked = references.members(request, listing.ids)
    if asked:
        if listing.alone and "MaxResults" in request:
            raise InvalidParameterCombination(
                f"The parameter {listing.ids[0].lower()}{listing.ids[1:]} cannot be used with the "
                "parameter maxResults"
            )
        references.require(listing.kind, asked, {item[listing.id] for item in items})
        wanted = set(asked)
        items = [item for item in items if item[listing.id] in wanted]
    found = listing.filters.select(request.get("Filters"), items)
    shown, more = page(call, request, found)
    return {listing.member: shown, **more}


async def records(collection: Collection[R], request: Request, listing: Listing) -> list[R]:
    """The records that an answer can be about: those whose ids are asked for, or all."""
    asked = references.members(request, listing.ids)
    if not asked:
        return await collection.page(limit=None)
    found = [await collection.get(each) for each in dict.fromkeys(asked)]
    return [each for each in found if each is not None]


def check_size(request: Request, least: int = 5, most: int = 1000) -> None:
    """`MaxResults`, where the request has it, is within its bounds."""
    size = request.get("MaxResults")
    if size is None:
        return
    words = f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value "
    if size < least:
        raise InvalidParameterValue(f"{words}greater than {least}.")
    if size > most:
        raise InvalidParameterValue(f"{words}less than {most}.")


def page(call: Call, request: Request, found: Sequence[Item]) -> tuple[list[Item], Request]:
    """The asked page, and the token of the next where there is one; all where no size is told."""
    rest = {key: value for key, value in request.items() if key not in ("NextToken", "MaxResults")}
    asked = json.dumps(rest, sort_keys=True, default=str)
    bound = call.account, call.region, call.operation.name, asked
    start = _opened(call, request["NextToken"], bound) if request.get("NextToken") else 0
    size = request.get("MaxResults")
    end = len(found) if size is None else start + size
    more = {"NextToken": call.pages.seal(end, *bound)} if end < len(found) else {}
    return list(found[start:end]), more


def _opened(call: Call, token: str, bound: tuple[str, ...]) -> int:
    try:
        return int(str(call.pages.open(token, *bound)))
    except (WrongToken, ValueError):
        raise InvalidPaginationToken from None
