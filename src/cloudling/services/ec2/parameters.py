"""Parameters that a request must have."""

from __future__ import annotations

from typing import Any

from cloudling.services.ec2.errors import lacking


def required(request: dict[str, Any], member: str, parameter: str = "") -> Any:
    """The member's value; `parameter` is EC2's name for it, where that is another."""
    value = request.get(member)
    if value is None or value in ("", []):
        raise lacking(parameter or member)
    return value
