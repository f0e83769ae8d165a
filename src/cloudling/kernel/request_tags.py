"""Tags as conditions ask for them, whatever service a call is of.

`aws:RequestTag` and `aws:TagKeys` come from the request's members, which AWS's models name in a few
ways; `aws:ResourceTag` from the cloud's one tag table, by the resource's ARN. Nothing is read
before a condition asks. A service whose manifest has `own_tag_keys = true` answers all of them
itself, as S3 does: its objects' tags have keys of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel.units import run_unit

if TYPE_CHECKING:
    from cloudling.kernel.authorize.variables import Value
    from cloudling.kernel.call import Call

_MEMBERS = ("Tags", "TagSet", "TagList", "tags", "Tagging", "TagSpecifications", "TagSpecification")
_KEY_MEMBERS = ("TagKeys", "TagKeyList", "tagKeys")
_KEY_NAMES = ("Key", "TagKey", "key")
_VALUE_NAMES = ("Value", "TagValue", "value")
_REQUEST_TAG = "aws:requesttag/"
_RESOURCE_TAG = "aws:resourcetag/"
_CREATING = ("Create", "Run")


class TagKeys(msgspec.Struct):
    """Answers the three tag keys for one call and one of its resources."""

    call: Call
    request: Mapping[str, Any]
    resource: str

    def __call__(self, key: str) -> Value:
        if not key.startswith("aws:") or self.call.service.manifest.get("own_tag_keys"):
            return None
        if key.startswith(_RESOURCE_TAG):
            return _find(self._of_resource(), key[len(_RESOURCE_TAG) :])
        if key.startswith(_REQUEST_TAG):
            return _find(requested(self.request), key[len(_REQUEST_TAG) :])
        return requested_keys(self.request) or None if key == "aws:tagkeys" else None

    def resource_keys(self) -> tuple[str, ...]:
        """The keys of the resource's tags, for records of the decision."""
        return () if self.call.service.manifest.get("own_tag_keys") else tuple(self._of_resource())

    def _of_resource(self) -> Mapping[str, str]:
        """Those it has; what a call is about to make has those that the call sets."""
        call = self.call
        if call.operation.name.startswith(_CREATING) and (new := requested(self.request)):
            return new
        if self.resource in ("", "*"):
            return {}
        return run_unit(call.tags.of(self.resource))


def requested(request: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a request sets."""
    found: dict[str, str] = {}
    for member in _MEMBERS:
        if member in request:
            found.update(_read(request[member]))
    return found


def requested_keys(request: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of the tags that a request sets or removes."""
    named = [
        key for member in _KEY_MEMBERS for key in request.get(member) or () if isinstance(key, str)
    ]
    return tuple({**dict.fromkeys(requested(request)), **dict.fromkeys(named)})


def _read(value: Any) -> dict[str, str]:
    """Tags in any of AWS's forms: a map, a list of pairs, or a structure or list around those."""
    if isinstance(value, Mapping):
        inner = [value[member] for member in _MEMBERS if isinstance(value.get(member), list)]
        if inner:
            return {key: text for each in inner for key, text in _read(each).items()}
        return {key: text for key, text in value.items() if isinstance(text, str)}
    found: dict[str, str] = {}
    for each in value if isinstance(value, list) else ():
        if isinstance(each, Mapping):
            found.update(_read_one(each))
    return found


def _read_one(each: Mapping[str, Any]) -> dict[str, str]:
    key = next((each[name] for name in _KEY_NAMES if name in each), None)
    if key is None:
        return _read(each) if any(member in each for member in _MEMBERS) else {}
    return {str(key): str(next((each[name] for name in _VALUE_NAMES if name in each), ""))}


def _find(tags: Mapping[str, str], name: str) -> str | None:
    """Tag keys in conditions are of any case."""
    return next((value for key, value in tags.items() if key.lower() == name), None)
