"""One attribute of an instance at a time: told, changed, set back.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
"""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

from cloudling.kernel import AwsError, operation
from cloudling.kernel.errors import NotImplementedHere
from cloudling.services.ec2 import (
    instance_catalogue,
    instance_descriptions,
    instance_lookup,
    instance_sizes,
    launch_options,
    network_interface_attributes,
    settling,
)
from cloudling.services.ec2.errors import (
    IncorrectInstanceState,
    InvalidParameterCombination,
    InvalidParameterValue,
    lacking,
)
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_catalogue import Catalogue
    from cloudling.services.ec2.instance_records import Instance

Request = dict[str, Any]
_STOPPED_ONLY = ("instanceType", "userData", "ebsOptimized", "enaSupport")
# An attribute's member of requests and answers.
_MEMBERS = {
    "blockDeviceMapping": "BlockDeviceMappings",
    "disableApiStop": "DisableApiStop",
    "disableApiTermination": "DisableApiTermination",
    "ebsOptimized": "EbsOptimized",
    "enaSupport": "EnaSupport",
    "enclaveOptions": "EnclaveOptions",
    "groupSet": "Groups",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
    "instanceType": "InstanceType",
    "kernel": "Kernel",
    "productCodes": "ProductCodes",
    "ramdisk": "Ramdisk",
    "rootDeviceName": "RootDeviceName",
    "sourceDestCheck": "SourceDestCheck",
    "sriovNetSupport": "SriovNetSupport",
    "userData": "UserData",
}
_FIXED = frozenset({"enclaveOptions", "kernel", "productCodes", "ramdisk", "rootDeviceName"})


@operation("DescribeInstanceAttribute")
async def describe_instance_attribute(call: Ec2Call, request: Request) -> Request:
    instance = await instance_lookup.require(call, required(request, "InstanceId"))
    attribute = required(request, "Attribute")
    if attribute not in _MEMBERS:
        raise _unknown(attribute)
    member = _MEMBERS[attribute]
    return {"InstanceId": instance.id, member: await _value(call, instance, attribute)}


async def _value(call: Ec2Call, instance: Instance, attribute: str) -> Any:
    """As the answer holds it; an empty structure where the instance has no such thing."""
    described = await instance_descriptions.describe(call, instance)
    if attribute == "groupSet":
        return [{"GroupId": each["GroupId"]} for each in described["SecurityGroups"]]
    if attribute in ("blockDeviceMapping", "productCodes"):
        return described[_MEMBERS[attribute]]
    if attribute == "enclaveOptions":
        return {"Enabled": False}
    data = instance.user_data
    values = {
        "disableApiStop": instance.unstoppable,
        "disableApiTermination": instance.protected,
        "ebsOptimized": instance.ebs_optimized,
        "enaSupport": instance.ena,
        "instanceInitiatedShutdownBehavior": instance.shutdown,
        "instanceType": instance.type,
        "rootDeviceName": instance.root_device,
        "sourceDestCheck": described.get("SourceDestCheck"),
        "userData": base64.b64encode(data).decode() if data is not None else None,
    }
    value = values.get(attribute)
    return {} if value is None else {"Value": value}


def _unknown(attribute: str) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"Value ({attribute}) for parameter attribute is invalid. Unknown attribute."
    )


@operation("ModifyInstanceAttribute", transaction=False, waits=True)
async def modify_instance_attribute(call: Ec2Call, request: Request) -> Request:
    catalogue = await asyncio.to_thread(instance_catalogue.load)
    await settling.instances(call, [required(request, "InstanceId")])
    async with call.unit(final=True):
        instance = await instance_lookup.require(call, required(request, "InstanceId"))
        attribute, value = _asked(request)
        if instance.state in ("shutting-down", "terminated"):
            raise _wrong_state(instance)
        if attribute in _FIXED:
            raise InvalidParameterCombination(
                f"The attribute '{attribute}' of instance '{instance.id}' cannot be modified."
            )
        if attribute in _STOPPED_ONLY and instance.state != "stopped":
            raise _wrong_state(instance)
        if attribute in ("groupSet", "sourceDestCheck"):
            await _modify_card(call, instance, attribute, value)
        elif attribute == "blockDeviceMapping":
            await _modify_volume(call, instance, value)
        else:
            fields = _fields(catalogue, instance, attribute, value)
            await call.instances.change(instance.id, expect=instance.revision, **fields)
    return {}


def _asked(request: Request) -> tuple[str, Any]:
    """The one attribute that a request changes, by a member of its own or by name and value."""
    if named := request.get("Attribute"):
        if named not in _MEMBERS:
            raise _unknown(named)
        member = _MEMBERS[named]
        return named, request[member] if member in request else request.get("Value")
    given = [(name, request[member]) for name, member in _MEMBERS.items() if member in request]
    if not given:
        raise lacking("attribute")
    if len(given) > 1:
        raise InvalidParameterCombination("Fields for multiple attribute types specified")
    ((name, value),) = given
    return name, value.get("Value") if isinstance(value, dict) else value


def _wrong_state(instance: Instance) -> IncorrectInstanceState:
    return IncorrectInstanceState(f"The instance '{instance.id}' is not in the 'stopped' state.")


def _fields(catalogue: Catalogue, instance: Instance, attribute: str, value: Any) -> dict[str, Any]:
    """The fields of the record that a value means."""
    if attribute == "instanceType":
        size = instance_sizes.find(catalogue, value)
        instance_sizes.check_architecture(size, instance.architecture)
        return {
            "type": size.name,
            "cores": size.cores,
            "threads": size.threads,
            "credits": size.credits,
        }
    if attribute not in _FIELDS:
        raise NotImplementedHere(
            f"The attribute {attribute} of ModifyInstanceAttribute is not implemented in "
            "Cloudling yet."
        )
    field, read = _FIELDS[attribute]
    return {field: read(value)}


def _data(value: Any) -> bytes | None:
    """A member of its own is read already, a bare value is still in base64."""
    if isinstance(value, bytes):
        if len(value) > launch_options.MOST_USER_DATA:
            raise InvalidParameterValue(
                f"User data is limited to {launch_options.MOST_USER_DATA} bytes."
            )
        return value
    return launch_options.user_data(value)


def _truth(value: Any) -> bool:
    """By a member of its own, or by a word."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise InvalidParameterValue(f"Value ({value}) for parameter value is invalid.")


# The field of the record that holds an attribute, and how its values are read.
_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "disableApiStop": ("unstoppable", _truth),
    "disableApiTermination": ("protected", _truth),
    "ebsOptimized": ("ebs_optimized", _truth),
    "enaSupport": ("ena", _truth),
    "instanceInitiatedShutdownBehavior": ("shutdown", launch_options.behaviour),
    "userData": ("user_data", _data),
}


async def _modify_card(call: Ec2Call, instance: Instance, attribute: str, value: Any) -> None:
    cards = await instance_lookup.cards(call, instance.id)
    if len(cards) != 1:
        raise AwsError(
            f"There are multiple interfaces attached to instance '{instance.id}'. Please specify "
            "an interface ID for the operation instead.",
            code="InvalidInstanceID",
        )
    (card,) = cards
    if attribute == "sourceDestCheck":
        fields: dict[str, Any] = {"source_check": _truth(value)}
    else:
        groups = value if isinstance(value, list) else [value]
        fields = {"groups": await network_interface_attributes.worn(call, card, groups)}
    await network_interface_attributes.change(call, card, **fields)


async def _modify_volume(call: Ec2Call, instance: Instance, mappings: Any) -> None:
    """Of the root device; whether it goes with the instance is all that can change."""
    volume = await call.volumes.get(instance.volume)
    for mapping in mappings or ():
        if volume is None or mapping.get("DeviceName") != volume.device:
            raise AwsError(
                f"Instance does not have device attached: {mapping.get('DeviceName')}",
                code="InvalidInstanceAttributeValue",
            )
        ebs = mapping.get("Ebs") or {}
        if "DeleteOnTermination" in ebs:
            await call.volumes.change(
                volume.id,
                expect=volume.revision,
                deleted_with_instance=ebs["DeleteOnTermination"],
            )


@operation("ResetInstanceAttribute")
async def reset_instance_attribute(call: Ec2Call, request: Request) -> Request:
    """Kernels and RAM disks cannot be told here, so that of the three one is left."""
    instance = await instance_lookup.require(call, required(request, "InstanceId"))
    attribute = required(request, "Attribute")
    if attribute == "sourceDestCheck":
        await _modify_card(call, instance, attribute, True)
    elif attribute not in ("kernel", "ramdisk"):
        raise _unknown(attribute)
    return {}
