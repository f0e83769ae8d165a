"""How instances are told of themselves, and an account's wishes for new ones.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel import operation
from cloudling.services.ec2 import instance_lookup
from cloudling.services.ec2.errors import IncorrectInstanceState, InvalidParameterValue, lacking
from cloudling.services.ec2.instance_records import MetadataDefaults, MetadataOptions
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

Request = dict[str, Any]
_CHOICES = {
    "HttpTokens": ("tokens", ("optional", "required")),
    "HttpEndpoint": ("endpoint", ("enabled", "disabled")),
    "HttpProtocolIpv6": ("ipv6", ("enabled", "disabled")),
    "InstanceMetadataTags": ("tags", ("enabled", "disabled")),
}
_MOST_HOPS = 64
_NO_PREFERENCE, _DEFAULTS = "no-preference", "metadata"
_TERMINATED = frozenset({"shutting-down", "terminated"})


def read(given: Request) -> dict[str, Any]:
    """The fields of the options that a request sets."""
    found: dict[str, Any] = {}
    for member, (field, words) in _CHOICES.items():
        value = given.get(member)
        if value is None:
            continue
        if value not in words:
            raise InvalidParameterValue(f"Value ({value}) for parameter {member} is invalid.")
        found[field] = value
    hops = given.get("HttpPutResponseHopLimit")
    if hops is not None:
        if not 1 <= hops <= _MOST_HOPS:
            raise InvalidParameterValue(
                f"Value ({hops}) for parameter HttpPutResponseHopLimit is invalid. "
                f"Expecting a value between 1 and {_MOST_HOPS}."
            )
        found["hops"] = hops
    return found


async def at_launch(call: Ec2Call, given: Request, image: Request) -> MetadataOptions:
    """The request's words count most, then the account's wishes, then the image's."""
    fields: dict[str, Any] = {}
    if image.get("ImdsSupport") == "v2.0":
        fields = {"tokens": "required", "hops": 2}
    wishes = await call.metadata_defaults.get(_DEFAULTS)
    if wishes is not None:
        fields |= _wished(wishes)
    return MetadataOptions(**(fields | read(given)))


def _wished(wishes: MetadataDefaults) -> dict[str, Any]:
    told = {"tokens": wishes.tokens, "endpoint": wishes.endpoint, "tags": wishes.tags}
    found: dict[str, Any] = {name: value for name, value in told.items() if value}
    if isinstance(wishes.hops, int):
        found["hops"] = wishes.hops
    return found


def describe(options: MetadataOptions, *, pending: bool = False) -> Request:
    return {
        "State": "pending" if pending else "applied",
        "HttpTokens": options.tokens,
        "HttpPutResponseHopLimit": options.hops,
        "HttpEndpoint": options.endpoint,
        "HttpProtocolIpv6": options.ipv6,
        "InstanceMetadataTags": options.tags,
    }


@operation("ModifyInstanceMetadataOptions")
async def modify_instance_metadata_options(call: Ec2Call, request: Request) -> Request:
    instance = await instance_lookup.require(call, required(request, "InstanceId"))
    if instance.state in _TERMINATED:
        raise IncorrectInstanceState(
            f"The instance '{instance.id}' is not in a valid state for this operation."
        )
    fields = read(request)
    if not fields:
        raise lacking("HttpTokens, HttpPutResponseHopLimit, HttpEndpoint or InstanceMetadataTags")
    options = msgspec.structs.replace(instance.metadata, **fields)
    await call.instances.change(instance.id, expect=instance.revision, metadata=options)
    told = describe(options, pending=True)
    return {"InstanceId": instance.id, "InstanceMetadataOptions": told}


@operation("ModifyInstanceMetadataDefaults")
async def modify_instance_metadata_defaults(call: Ec2Call, request: Request) -> Request:
    """`no-preference`, or -1 hops, takes a wish back."""
    kept = await call.metadata_defaults.get(_DEFAULTS) or MetadataDefaults()
    words = {name: request[name] for name in _CHOICES if request.get(name)}
    fields = read({name: value for name, value in words.items() if value != _NO_PREFERENCE})
    fields |= {_CHOICES[name][0]: "" for name, value in words.items() if value == _NO_PREFERENCE}
    hops = request.get("HttpPutResponseHopLimit")
    if hops is not None:
        fields["hops"] = (
            msgspec.UNSET if hops == -1 else read({"HttpPutResponseHopLimit": hops})["hops"]
        )
    await call.metadata_defaults.put(msgspec.structs.replace(kept, **fields))
    return {"Return": True}


@operation("GetInstanceMetadataDefaults")
async def get_instance_metadata_defaults(call: Ec2Call, request: Request) -> Request:
    wishes = await call.metadata_defaults.get(_DEFAULTS) or MetadataDefaults()
    members = {
        "HttpTokens": wishes.tokens,
        "HttpEndpoint": wishes.endpoint,
        "InstanceMetadataTags": wishes.tags,
        "HttpPutResponseHopLimit": wishes.hops if isinstance(wishes.hops, int) else "",
    }
    return {"AccountLevel": {name: value for name, value in members.items() if value}}
