"""Operations that are not built: their calls go as far as the permission, and no further.

Whoever may not make the call gets AWS's denial, so that policies can be learnt and tested before
the service is there; whoever may is told that it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from cloudling.kernel.errors import NotImplementedHere
from cloudling.kernel.operations import Operation

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.services import Service


def missing(service: Service, name: str) -> Operation:
    """What stands for an operation that has no function; KeyError when no model has it."""
    refusal = f"{name} of {service.title} is not implemented in Cloudling yet."
    service.model_of(name)

    async def refuse(call: Call, request: dict[str, Any]) -> NoReturn:
        raise NotImplementedHere(refusal)

    return Operation(name, refuse, transaction=False)
