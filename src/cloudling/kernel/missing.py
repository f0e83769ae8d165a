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
    refusal = f"{name} of {_title(service, name)} is not implemented in Cloudling yet."

    async def refuse(call: Call, request: dict[str, Any]) -> NoReturn:
        raise NotImplementedHere(refusal)

    return Operation(name, refuse, transaction=False)


def _title(service: Service, operation: str) -> str:
    """The model's own where the service's title names each of its models, in their order."""
    model, titles = service.model_of(operation).name, service.title.split(", ")
    named = len(titles) == len(service.models)
    return titles[service.models.index(model)] if named else service.title
