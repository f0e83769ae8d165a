"""Listings in pages, of at most twenty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from cloudling.kernel.pages import WrongToken
from cloudling.services.organizations.errors import InvalidInputException

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.organizations.call import OrganizationsCall

T = TypeVar("T")
_MOST = 20


def page(
    call: OrganizationsCall, request: dict[str, Any], items: Sequence[T]
) -> tuple[Sequence[T], dict[str, str]]:
    """The asked page, and the token of the next where there is one."""
    asked = [
        str(value)
        for name, value in sorted(request.items())
        if name not in {"NextToken", "MaxResults"}
    ]
    bound = call.account, call.operation.name, *asked
    start = _opened(call, request["NextToken"], bound) if request.get("NextToken") else 0
    end = start + request.get("MaxResults", _MOST)
    more = {"NextToken": call.pages.seal(end, *bound)} if end < len(items) else {}
    return items[start:end], more


def _opened(call: OrganizationsCall, token: str, bound: tuple[str, ...]) -> int:
    try:
        return int(str(call.pages.open(token, *bound)))
    except (WrongToken, ValueError):
        raise InvalidInputException(
            "INVALID_NEXT_TOKEN",
            "You specified an invalid value for nextToken. You must get the value from the "
            "response to a previous call to the API.",
        ) from None
