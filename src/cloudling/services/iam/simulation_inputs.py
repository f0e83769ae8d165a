"""What a request to simulate says, checked: policies, caller, owner, resources, context.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from typing import TYPE_CHECKING, Any

from cloudling.kernel import arns, authorize
from cloudling.kernel.authorize.moments import parse_date
from cloudling.kernel.identities import Identity
from cloudling.services.iam.errors import InvalidInput
from cloudling.services.iam.simulations import OF_RESOURCE, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.kernel.authorize import Kind
    from cloudling.kernel.authorize.variables import Value
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]

_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_ROOT = re.compile(r"arn:[a-z-]+:iam::(\d{12}):root")
_ENTITY = re.compile(r"arn:[a-z-]+:iam::(\d{12}):(user|group|role)(/(?:[^*?]+/)?)([^/*?]+)")
_INSTANCE = ("instance", "image", "security-group", "network-interface")
_HANDLING = {
    "EC2-VPC-InstanceStore": _INSTANCE,
    "EC2-VPC-InstanceStore-Subnet": (*_INSTANCE, "subnet"),
    "EC2-VPC-EBS": (*_INSTANCE, "volume"),
    "EC2-VPC-EBS-Subnet": (*_INSTANCE, "subnet", "volume"),
}


def sources(request: Request, member: str, kind: Kind = "session") -> list[Source]:
    """The policies of a list, called after their place in it."""
    return [
        source(f"{member}.{number}", text, kind)
        for number, text in enumerate(request.get(member, ()), start=1)
    ]


def source(name: str, text: str, kind: Kind = "session") -> Source:
    try:
        return Source.read(name, text, kind=kind)
    except authorize.MalformedPolicyDocument as fault:
        raise InvalidInput(fault.text) from None


def boundary(request: Request) -> Source | None:
    """The permissions boundary that is given; None where none is."""
    found = sources(request, "PermissionsBoundaryPolicyInputList")
    if len(found) > 1:
        raise InvalidInput("The list of Permissions Boundary policies cannot exceed 1 items.")
    return found[0] if found else None


def resource_policy(request: Request) -> Source | None:
    """The resource's policy; a role's trust policy is checked and then, as AWS does, left out."""
    text = request.get("ResourcePolicy")
    if text is None:
        return None
    of_role = all(name.lower().startswith("sts:assume") for name in request["ActionNames"])
    found = source("ResourcePolicy", text, "trust" if of_role else "resource")
    return None if of_role else found._replace(type=OF_RESOURCE)


def check_actions(request: Request) -> None:
    for name in request["ActionNames"]:
        if not _ACTION.fullmatch(name):
            raise InvalidInput(f"Invalid Action name: {name}")


def resources(request: Request) -> list[str]:
    """The resources by ARN, each once; none where everything is meant."""
    found = list(dict.fromkeys(request.get("ResourceArns", ())))
    wrong = [name for name in found if name != "*" and not _is_arn(name)]
    if wrong:
        raise InvalidInput(f"ResourceNames are not in a valid ARN format: {', '.join(wrong)}.")
    _check_handling(request.get("ResourceHandlingOption"), found)
    return [] if found == ["*"] else found


def _is_arn(text: str) -> bool:
    try:
        arns.Arn.parse(text)
    except ValueError:
        return False
    return True


def _check_handling(option: str | None, found: list[str]) -> None:
    """Simulations of launches need all that a launch touches."""
    if option is None:
        return
    if option not in _HANDLING:
        raise InvalidInput(f"Invalid Resource Handling Option: {option}")
    there = {name.split(":", 5)[-1].partition("/")[0] for name in found}
    missing = [kind for kind in _HANDLING[option] if kind not in there]
    if missing:
        raise InvalidInput(
            f"Resource Handling Option {option} requires resources of type: {', '.join(missing)}"
        )


def owner(request: Request, default: str) -> str:
    """The account that owns what does not tell its own."""
    given = request.get("ResourceOwner")
    if given is None:
        return default
    found = _ROOT.fullmatch(given)
    if found is None:
        raise InvalidInput(f"'{given}' is not a valid as a Resource Owner.")
    return found[1]


def entity(arn: str) -> tuple[str, str, str, str]:
    """Account, kind, path and name of a user, group or role; InvalidInput for anything else."""
    found = _ENTITY.fullmatch(arn)
    if found is None:
        raise InvalidInput(
            f"Invalid Entity Arn: {arn} does not clearly define entity type and name."
        )
    return found[1], found[2], found[3], found[4]


async def caller(call: IamCall, arn: str) -> Identity:
    """Whom an ARN names, as one who calls; nobody needs to have that name."""
    account, kind, _, name = entity(arn)
    unique = "" if kind == "group" else await call.cloud.directory.id_of(arn) or ""
    return Identity(
        kind="role" if kind == "role" else "user",
        account=account,
        arn=arn,
        principal_arn=arn,
        unique_id=unique,
        name="" if kind == "group" else name,
    )


def entries(request: Request) -> dict[str, Value]:
    """The context, by lower-case key."""
    found: dict[str, Value] = {}
    for entry in request.get("ContextEntries", ()):
        key, values = entry.get("ContextKeyName", ""), entry.get("ContextKeyValues", [])
        if ":" not in key:
            raise InvalidInput(f"Invalid context key name: {key}")
        kind = entry.get("ContextKeyType", "string" if len(values) < 2 else "stringList")
        _check_values(key, kind, values)
        found[key.lower()] = values[0] if values and not kind.endswith("List") else tuple(values)
    return found


def _check_values(key: str, kind: str, values: list[str]) -> None:
    fits = _FITS[kind.removesuffix("List")]
    if len(values) > 1 and not kind.endswith("List"):
        raise InvalidInput(f"Context key {key} of type {kind} takes only one value.")
    for value in values:
        if not fits(value):
            raise InvalidInput(f"Value {value} of context key {key} is not of type {kind}.")


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", text) is not None


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


_FITS: dict[str, Callable[[str], bool]] = {
    "string": lambda text: True,
    "numeric": _is_number,
    "boolean": lambda text: text.lower() in {"true", "false"},
    "ip": _is_network,
    "binary": _is_base64,
    "date": lambda text: parse_date(text) is not None,
}
