"""Pages of EC2's long answers, by `MaxResults` and `NextToken`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from cloudling.kernel.idempotency import digest_of
from cloudling.kernel.pages import WrongToken
from cloudling.services.ec2.errors import InvalidParameterCombination, InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloudling.kernel import Call

T = TypeVar("T")


class Limits(NamedTuple):
    """What `MaxResults` may be, and what it is where a request does not say (None: everything)."""

    least: int = 5
    most: int = 1000
    usual: int | None = None
    # Members that name single things, and what AWS calls them: no page is cut from those.
    names: tuple[tuple[str, str], ...] = ()


USUAL = Limits()


def page(
    call: Call, request: Mapping[str, Any], found: Sequence[T], limits: Limits = USUAL
) -> tuple[list[T], dict[str, str]]:
    """The part of all that was found that this request is for, and `NextToken` if more is left."""
    size = _size(request, limits)
    bound = (call.account, call.region, call.operation.name, _asked(request))
    start = _position(call, request.get("NextToken"), bound)
    if size is None or start + size >= len(found):
        return list(found[start:]), {}
    return list(found[start : start + size]), {"NextToken": call.pages.seal(start + size, *bound)}


def _size(request: Mapping[str, Any], limits: Limits) -> int | None:
    asked: int | None = request.get("MaxResults")
    if asked is None:
        return limits.usual
    for member, word in limits.names:
        if request.get(member):
            raise InvalidParameterCombination(
                f"The parameter {word} cannot be used with the parameter maxResults"
            )
    if asked < limits.least:
        raise InvalidParameterValue(
            f"Value ( {asked} ) for parameter maxResults is invalid. "
            f"Expecting a value greater than or equal to {limits.least}."
        )
    return min(asked, limits.most)


def _position(call: Call, token: str | None, bound: tuple[str, ...]) -> int:
    if not token:
        return 0
    try:
        position = call.pages.open(token, *bound)
    except WrongToken as wrong:
        raise InvalidParameterValue(
            f"Value ( {token} ) for parameter NextToken is invalid. The token is invalid."
        ) from wrong
    return position if isinstance(position, int) else 0


def _asked(request: Mapping[str, Any]) -> str:
    """What makes two requests ask for pages of the same list."""
    other = {"MaxResults", "NextToken", "DryRun"}
    return digest_of({name: value for name, value in request.items() if name not in other})
