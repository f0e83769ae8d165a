"""All parameters below a path, in pages of at most ten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.kernel.pages import WrongToken
from cloudling.services.ssm import filters, names, public_parameters
from cloudling.services.ssm.errors import InvalidNextToken

if TYPE_CHECKING:
    from cloudling.services.ssm.call import SsmCall
    from cloudling.services.ssm.records import Parameter

Request = dict[str, Any]
_MOST = 10


@operation(
    "GetParametersByPath",
    transaction=False,
    partial="only the public parameters of machine images, as none can be put yet",
)
async def get_parameters_by_path(call: SsmCall, request: Request) -> Request:
    path = names.read_path(request["Path"])
    chosen = filters.read(request.get("ParameterFilters") or ())
    start = _opened(call, request)
    known = await public_parameters.known(call)
    found = [
        each
        for each in known.values()
        if each.name > start and _is_below(each, path, request) and chosen(each)
    ]
    shown = found[: request.get("MaxResults", _MOST)]
    more = len(shown) < len(found)
    return {
        "Parameters": [each.shown() for each in shown],
        **({"NextToken": call.pages.seal(shown[-1].name, *_bound(call, request))} if more else {}),
    }


def _is_below(parameter: Parameter, path: str, request: Request) -> bool:
    """Public parameters are seen from their own namespace only, not from the account's root."""
    if not parameter.name.startswith(f"{path}/") or not f"{path}/".startswith(names.PUBLIC):
        return False
    return bool(request.get("Recursive")) or "/" not in parameter.name[len(path) + 1 :]


def _opened(call: SsmCall, request: Request) -> str:
    """The name after which the asked page begins."""
    token = request.get("NextToken")
    if not token:
        return ""
    try:
        return str(call.pages.open(token, *_bound(call, request)))
    except WrongToken:
        raise InvalidNextToken from None


def _bound(call: SsmCall, request: Request) -> tuple[str, ...]:
    rest = {key: value for key, value in request.items() if key not in ("NextToken", "MaxResults")}
    return call.account, call.region, call.operation.name, json.dumps(rest, sort_keys=True)
