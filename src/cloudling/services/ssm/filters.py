"""The filters of GetParametersByPath.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.services.ssm.errors import (
    InvalidFilterKey,
    InvalidFilterOption,
    InvalidFilterValue,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloudling.services.ssm.records import Parameter

    Chosen = Callable[[Parameter], bool]

_EQUALS, _BEGINS = "Equals", "BeginsWith"
# What each filter can compare by; the parameters of images have neither keys nor labels.
_OPTIONS = {"Type": (_BEGINS, _EQUALS), "KeyId": (_BEGINS, _EQUALS), "Label": (_EQUALS,)}
_TYPES = ("String", "StringList", "SecureString")


def read(given: Sequence[dict[str, Any]]) -> Chosen:
    """Whether a parameter passes all of them."""
    seen: set[str] = set()
    for each in given:
        _check(each)
        if each["Key"] in seen:
            raise InvalidFilterKey(
                f"The following filter is duplicated in the request: {each['Key']}. A request can "
                "contain only one occurrence of a specific filter."
            )
        seen.add(each["Key"])
    return lambda parameter: all(_passes(parameter, each) for each in given)


def _check(given: dict[str, Any]) -> None:
    key, values = given["Key"], given.get("Values")
    options = _OPTIONS.get(key)
    if options is None:
        raise InvalidFilterKey(
            f"The following filter key is not valid: {key}. "
            f"Valid filter keys include: [{', '.join(_OPTIONS)}]."
        )
    if not values:
        raise InvalidFilterValue(
            f"The following filter values are missing : null for filter key {key}"
        )
    if given.get("Option", _EQUALS) not in options:
        raise InvalidFilterOption(
            f"The following filter option is not valid: {given['Option']}. "
            f"Valid options include: [{', '.join(options)}]."
        )
    unknown = [each for each in values if each not in _TYPES] if key == "Type" else []
    if unknown and given.get("Option", _EQUALS) == _EQUALS:
        raise InvalidFilterOption(
            f"The following filter value is not valid: {unknown[0]}. "
            f"Valid values include: [{', '.join(_TYPES)}]."
        )


def _passes(parameter: Parameter, given: dict[str, Any]) -> bool:
    if given["Key"] != "Type":
        return False
    if given.get("Option") == _BEGINS:
        return parameter.type.startswith(tuple(given["Values"]))
    return parameter.type in given["Values"]
