"""How requests name parameters and hierarchies of them, and the ARNs that stand for them.

https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cloudling.kernel.arns import Arn
from cloudling.services.ssm.errors import ValidationException

if TYPE_CHECKING:
    from cloudling.kernel import Call

_PREFIX = "ssm"
_KIND = "parameter"
PUBLIC = "/aws/service/"
_NAME = re.compile(r"/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")
_PATH = re.compile(r"/|(?:/[A-Za-z0-9_.-]+)+/?")
_SELECTOR = re.compile(r"[A-Za-z0-9_.-]+")
_NAME_RULE = (
    'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it '
    "can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of "
    "letters, numbers and the following 3 symbols .-_"
)
_QUALIFIED_RULE = "Parameter name must be a fully qualified name"
_PATH_RULE = (
    "The parameter doesn't meet the parameter name requirements. The parameter name must begin "
    'with a forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It '
    "must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ "
    "(underscore). Special characters are not allowed. All sub-paths, if specified, must use the "
    'forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.'
)


class Named(NamedTuple):
    """A parameter that a request names, and the version or label that it wants ("" for none).

    `account` and `region` are those of an ARN, `region` "" for a name; public ones have no account.
    """

    name: str
    selector: str
    region: str
    account: str

    def arn(self, call: Call) -> str:
        return _arn(call, self.region or call.region, self.account, self.name)


def read(call: Call, text: str) -> Named:
    """`name`, `name:version`, `name:label`, or an ARN with either; spaces around do not count."""
    text = text.strip()
    region, account = "", None
    if text.startswith("arn:"):
        region, account, text = _taken_apart(text)
    name, colon, selector = text.partition(":")
    if not _NAME.fullmatch(name) or (colon and not _SELECTOR.fullmatch(selector)):
        raise ValidationException(_NAME_RULE)
    if "/" in name and not name.startswith("/"):
        raise ValidationException(_QUALIFIED_RULE)
    return Named(name, selector, region, _owner(call, name) if account is None else account)


def read_path(text: str) -> str:
    """A hierarchy, without the slash at its end; "" stands for all."""
    path = text.strip()
    if not _PATH.fullmatch(path):
        raise ValidationException(_PATH_RULE)
    return path.rstrip("/")


def path_arn(call: Call, path: str) -> str:
    """What GetParametersByPath is asked for: the hierarchy itself, as if it were a parameter."""
    return _arn(call, call.region, _owner(call, f"{path}/"), path or "/")


def public_arn(call: Call, name: str) -> str:
    return _arn(call, call.region, "", name)


def _owner(call: Call, name: str) -> str:
    return "" if name.startswith(PUBLIC) else call.account


def _taken_apart(text: str) -> tuple[str, str, str]:
    """Region, account and name of an ARN, which writes every name with a slash before it."""
    try:
        arn = Arn.parse(text)
    except ValueError:
        raise ValidationException(_NAME_RULE) from None
    kind, slash, rest = arn.resource.partition("/")
    if arn.service != _PREFIX or kind != _KIND or not slash or not arn.region:
        raise ValidationException(_NAME_RULE)
    return arn.region, arn.account, f"/{rest}"


def _arn(call: Call, region: str, account: str, name: str) -> str:
    return str(Arn(call.partition, _PREFIX, region, account, f"{_KIND}/{name.removeprefix('/')}"))
