"""Parameters that a request must have."""

from __future__ import annotations

from typing import Any

from cloudling.kernel.errors import NotImplementedHere
from cloudling.services.ec2.errors import lacking


def required(request: dict[str, Any], member: str, parameter: str = "") -> Any:
    """The member's value; `parameter` is EC2's name for it, where that is another."""
    value = request.get(member)
    if value is None or value in ("", []):
        raise lacking(parameter or member)
    return value


def refuse(request: dict[str, Any], operation: str, *members: str) -> None:
    """Members that are not built refuse by their names, rather than go unheard."""
    for member in members:
        if request.get(member):
            raise NotImplementedHere(
                f"{member} of {operation} is not implemented in Cloudling yet."
            )
