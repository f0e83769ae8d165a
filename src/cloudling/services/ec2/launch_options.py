"""What a launch may say of an instance besides its parts; what is not built refuses by its name."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from cloudling.kernel.errors import NotImplementedHere
from cloudling.services.ec2 import metadata_options
from cloudling.services.ec2.errors import (
    InvalidParameterValue,
    InvalidUserDataMalformed,
    Unsupported,
    UnsupportedHibernationConfiguration,
    lacking,
)
from cloudling.services.ec2.parameters import refuse

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_sizes import Size

Request = dict[str, Any]
MOST_USER_DATA = 16_384
BEHAVIOURS = ("stop", "terminate")
_MISSING = (
    "AdditionalInfo",
    "CpuOptions",
    "ElasticGpuSpecification",
    "ElasticInferenceAccelerators",
    "EnablePrimaryIpv6",
    "InstanceMarketOptions",
    "Ipv6AddressCount",
    "Ipv6Addresses",
    "KernelId",
    "LaunchTemplate",
    "LicenseSpecifications",
    "NetworkPerformanceOptions",
    "RamdiskId",
    "SecondaryInterfaces",
)
_PLACEMENT = ("AvailabilityZone", "AvailabilityZoneId", "Tenancy")
_TENANCIES = ("default", "dedicated")


def check(request: Request) -> None:
    """Refuse what no instance here can be."""
    refuse(request, "RunInstances", *_MISSING)
    _check_placement(request.get("Placement") or {})
    if (request.get("EnclaveOptions") or {}).get("Enabled"):
        raise _missing("EnclaveOptions")
    if (request.get("CapacityReservationSpecification") or {}).get("CapacityReservationTarget"):
        raise _missing("CapacityReservationTarget")
    names = request.get("PrivateDnsNameOptions") or {}
    if names.get("HostnameType", "ip-name") != "ip-name":
        raise _missing("PrivateDnsNameOptions.HostnameType resource-name")
    if (request.get("HibernationOptions") or {}).get("Configured"):
        raise UnsupportedHibernationConfiguration


def _check_placement(placement: Request) -> None:
    for member, value in placement.items():
        if member not in _PLACEMENT and value:
            raise _missing(f"Placement.{member}")
    tenancy = placement.get("Tenancy") or "default"
    if tenancy == "host":
        raise _missing("Placement.Tenancy host")
    if tenancy not in _TENANCIES:
        raise InvalidParameterValue(f"Value ({tenancy}) for parameter tenancy is invalid.")


def _missing(member: str) -> NotImplementedHere:
    return NotImplementedHere(f"{member} of RunInstances is not implemented in Cloudling yet.")


def counts(request: Request) -> tuple[int, int]:
    """At least, and at most, so many instances."""
    least, most = request.get("MinCount"), request.get("MaxCount")
    for name, value in (("MinCount", least), ("MaxCount", most)):
        if value is None:
            raise lacking(name)
        if value < 1:
            raise InvalidParameterValue(
                f"Value ({value}) for parameter {name[0].lower()}{name[1:]} is invalid."
            )
    assert least is not None  # noqa: S101 - checked above, both
    assert most is not None  # noqa: S101
    if least > most:
        raise InvalidParameterValue(
            f"Value ({least}) for parameter minCount is invalid. Must be less than or equal to "
            "maxCount."
        )
    return least, most


def user_data(given: str | bytes | None) -> bytes | None:
    """User data as the instance sees it."""
    if not given:
        return None
    try:
        found = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        # Some clients break the text into lines.
        found = _unwrapped(given)
    if len(found) > MOST_USER_DATA:
        raise InvalidParameterValue(f"User data is limited to {MOST_USER_DATA} bytes.")
    return found


def _unwrapped(given: str | bytes) -> bytes:
    text = given.encode() if isinstance(given, str) else given
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidUserDataMalformed from None


def behaviour(given: str | None) -> str:
    """What a shutdown from inside does."""
    found = given or BEHAVIOURS[0]
    if found not in BEHAVIOURS:
        raise InvalidParameterValue(
            f"Value ({found}) for parameter instanceInitiatedShutdownBehavior is invalid."
        )
    return found


def ebs_optimized(request: Request, size: Size) -> bool:
    asked = bool(request.get("EbsOptimized"))
    support = size.facts.get("EbsInfo", {}).get("EbsOptimizedSupport", "unsupported")
    if asked and support == "unsupported":
        raise Unsupported(
            "EBS-optimized instances are not supported for your requested configuration. Please "
            "check the documentation for supported configurations."
        )
    return asked


async def fields(call: Ec2Call, request: Request, image: Request, size: Size) -> Request:
    """The fields of an instance's record that the request alone decides."""
    cpu_credits = (request.get("CreditSpecification") or {}).get("CpuCredits") or size.credits
    if cpu_credits not in ("", "standard", "unlimited"):
        raise InvalidParameterValue(f"Value ({cpu_credits}) for parameter cpuCredits is invalid.")
    recovery = (request.get("MaintenanceOptions") or {}).get("AutoRecovery") or "default"
    given = request.get("MetadataOptions") or {}
    return {
        "user_data": user_data(request.get("UserData")),
        "shutdown": behaviour(request.get("InstanceInitiatedShutdownBehavior")),
        "monitoring": bool((request.get("Monitoring") or {}).get("Enabled")),
        "protected": bool(request.get("DisableApiTermination")),
        "unstoppable": bool(request.get("DisableApiStop")),
        "ebs_optimized": ebs_optimized(request, size),
        "credits": cpu_credits if size.is_burstable else "",
        "tenancy": (request.get("Placement") or {}).get("Tenancy") or "default",
        "recovery": recovery,
        "metadata": await metadata_options.at_launch(call, given, image),
    }
