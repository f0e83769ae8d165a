"""Parameters by their names.

https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ssm import names, public_parameters
from cloudling.services.ssm.errors import ParameterNotFound, ParameterVersionNotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.services.ssm.call import SsmCall
    from cloudling.services.ssm.names import Named
    from cloudling.services.ssm.records import Parameter

Request = dict[str, Any]
_PARTIAL = "only the public parameters of machine images, as none can be put yet"


@operation("GetParameter", transaction=False, partial=_PARTIAL)
async def get_parameter(call: SsmCall, request: Request) -> Request:
    named = names.read(call, request["Name"])
    return {"Parameter": _found(call, named, await public_parameters.known(call))}


@operation("GetParameters", transaction=False, partial=_PARTIAL)
async def get_parameters(call: SsmCall, request: Request) -> Request:
    """Each once and in alphabetical order; names that nothing has are told as they were given."""
    asked = {name: names.read(call, name) for name in request["Names"]}
    known = await public_parameters.known(call)
    found: dict[tuple[str, str], Request] = {}
    invalid = []
    for text, named in asked.items():
        try:
            found[named.name, named.selector] = _found(call, named, known)
        except (ParameterNotFound, ParameterVersionNotFound):
            invalid.append(text)
    return {"Parameters": [found[key] for key in sorted(found)], "InvalidParameters": invalid}


def _found(call: SsmCall, named: Named, known: Mapping[str, Parameter]) -> Request:
    parameter = known.get(named.name)
    if parameter is None or named.arn(call) != parameter.arn:
        raise ParameterNotFound
    # Nobody can label a public parameter, so that a label is never found.
    if named.selector and named.selector != str(parameter.version):
        raise ParameterVersionNotFound(named.selector, named.name)
    return parameter.shown(f":{named.selector}" if named.selector else "")
