"""What an instance is told of itself: every category of AWS's listing that is true of it.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html#instancedata-data-categories
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.kernel.ports import IdentitySigner

_DOCUMENT_VERSION = "2017-09-30"
# There are no images with product codes.
_NOTHING_SOLD = ("billingProducts", "devpayProductCodes", "marketplaceProductCodes")


class InterfaceFacts(Struct, frozen=True, kw_only=True):
    """A network interface: `public` maps its public addresses to the private ones."""

    id: str
    mac: str
    owner: str
    addresses: tuple[str, ...]
    subnet: str
    subnet_block: str
    vpc: str
    vpc_blocks: tuple[str, ...]
    groups: dict[str, str]
    local_hostname: str
    device: int = 0
    public: dict[str, str] = {}
    public_hostname: str = ""


class RoleCredentials(Struct, frozen=True, kw_only=True):
    """What a role gives an instance; times are seconds since the epoch."""

    role: str
    access_key_id: str
    secret: str
    token: str
    updated_at: float
    expires_at: float


class ProfileFacts(Struct, frozen=True, kw_only=True):
    """The instance profile; without credentials while its role gives none."""

    arn: str
    id: str
    updated_at: float
    credentials: RoleCredentials | None = None


class InstanceFacts(Struct, frozen=True, kw_only=True):
    """What is known of an instance; its first interface is the primary one.

    `groups` of the interfaces map ids to names, `devices` further volumes by their devices' names.
    `tags` are those it may see. `public_key` is the line of `authorized_keys`.
    """

    id: str
    account: str
    region: str
    zone: str
    zone_id: str
    image: str
    type: str
    architecture: str
    reservation: str
    launched_at: float
    interfaces: tuple[InterfaceFacts, ...]
    launch_index: int = 0
    root_device: str = "/dev/xvda"
    devices: tuple[str, ...] = ()
    hypervisor: str = "xen"
    virtualization: str = "hvm"
    key_name: str = ""
    public_key: str = ""
    profile: ProfileFacts | None = None
    tags: dict[str, str] = {}
    is_monitored: bool = False
    placement_group: str = ""
    dns_suffix: str = "amazonaws.com"
    partition: str = "aws"


def tree(facts: InstanceFacts, signer: IdentitySigner | None = None) -> dict[str, str]:
    """The texts by their paths below `/latest/`; what is not known of it is not among them.

    Without a signer the identity document stands there unsigned.
    """
    told = {
        **_itself(facts),
        **_devices(facts),
        **_addresses(facts),
        **_placement(facts),
        **_key(facts),
        **_role(facts),
        **{f"tags/instance/{key}": value for key, value in facts.tags.items()},
    }
    for interface in facts.interfaces:
        told |= _interface(interface)
    found = {f"meta-data/{path}": text for path, text in told.items() if text}
    found |= {f"dynamic/{path}": text for path, text in _dynamic(facts, signer).items()}
    return found


def _itself(facts: InstanceFacts) -> dict[str, str]:
    return {
        "ami-id": facts.image,
        "ami-launch-index": str(facts.launch_index),
        "ami-manifest-path": "(unknown)",
        "events/maintenance/history": "[]",
        "events/maintenance/scheduled": "[]",
        "instance-action": "none",
        "instance-id": facts.id,
        "instance-life-cycle": "on-demand",
        "instance-type": facts.type,
        "metrics/vhostmd": '<?xml version="1.0" encoding="UTF-8"?>',
        "profile": f"default-{facts.virtualization}",
        "reservation-id": facts.reservation,
        "services/domain": facts.dns_suffix,
        "services/partition": facts.partition,
        "system": facts.hypervisor,
    }


def _devices(facts: InstanceFacts) -> dict[str, str]:
    further = {
        f"block-device-mapping/ebs{number}": device.removeprefix("/dev/")
        for number, device in enumerate(facts.devices, 1)
    }
    root = facts.root_device
    return {"block-device-mapping/ami": root, "block-device-mapping/root": root, **further}


def _addresses(facts: InstanceFacts) -> dict[str, str]:
    primary = facts.interfaces[0]
    return {
        "hostname": primary.local_hostname,
        "local-hostname": primary.local_hostname,
        "local-ipv4": primary.addresses[0],
        "mac": primary.mac,
        "public-hostname": primary.public_hostname,
        "public-ipv4": next(iter(primary.public), ""),
        "security-groups": "\n".join(primary.groups.values()),
    }


def _interface(interface: InterfaceFacts) -> dict[str, str]:
    told = {
        "device-number": str(interface.device),
        "interface-id": interface.id,
        "local-hostname": interface.local_hostname,
        "local-ipv4s": "\n".join(interface.addresses),
        "mac": interface.mac,
        "network-card": "0",
        "owner-id": interface.owner,
        "public-hostname": interface.public_hostname,
        "public-ipv4s": "\n".join(interface.public),
        "security-group-ids": "\n".join(interface.groups),
        "security-groups": "\n".join(interface.groups.values()),
        "subnet-id": interface.subnet,
        "subnet-ipv4-cidr-block": interface.subnet_block,
        "vpc-id": interface.vpc,
        "vpc-ipv4-cidr-block": interface.vpc_blocks[0],
        "vpc-ipv4-cidr-blocks": "\n".join(interface.vpc_blocks),
        **{f"ipv4-associations/{at}": private for at, private in interface.public.items()},
    }
    folder = f"network/interfaces/macs/{interface.mac}"
    return {f"{folder}/{name}": text for name, text in told.items()}


def _placement(facts: InstanceFacts) -> dict[str, str]:
    return {
        "placement/availability-zone": facts.zone,
        "placement/availability-zone-id": facts.zone_id,
        "placement/group-name": facts.placement_group,
        "placement/region": facts.region,
    }


def _key(facts: InstanceFacts) -> dict[str, str]:
    if not facts.public_key:
        return {}
    # The folder's listing names the key.
    return {
        "public-keys": f"0={facts.key_name}",
        "public-keys/0/openssh-key": facts.public_key,
    }


def _role(facts: InstanceFacts) -> dict[str, str]:
    profile = facts.profile
    if profile is None:
        return {}
    info = {
        "Code": "Success",
        "LastUpdated": _moment(profile.updated_at),
        "InstanceProfileArn": profile.arn,
        "InstanceProfileId": profile.id,
    }
    told = {"iam/info": _as_text(info)}
    given = profile.credentials
    if given is not None:
        credentials = {
            "Code": "Success",
            "LastUpdated": _moment(given.updated_at),
            "Type": "AWS-HMAC",
            "AccessKeyId": given.access_key_id,
            "SecretAccessKey": given.secret,
            "Token": given.token,
            "Expiration": _moment(given.expires_at),
        }
        told[f"iam/security-credentials/{given.role}"] = _as_text(credentials)
    return told


def _dynamic(facts: InstanceFacts, signer: IdentitySigner | None) -> dict[str, str]:
    document = identity_document(facts)
    told = {
        "fws/instance-monitoring": "enabled" if facts.is_monitored else "disabled",
        "instance-identity/document": document,
    }
    if signer is not None:
        signed = signer.sign(document.encode())
        told["instance-identity/signature"] = signed.signature
        told["instance-identity/pkcs7"] = told["instance-identity/rsa2048"] = signed.pkcs7
    return told


def identity_document(facts: InstanceFacts) -> str:
    """Who the instance is, as the text that is signed."""
    return _as_text(
        {
            "accountId": facts.account,
            "architecture": facts.architecture,
            "availabilityZone": facts.zone,
            **dict.fromkeys(_NOTHING_SOLD),
            "imageId": facts.image,
            "instanceId": facts.id,
            "instanceType": facts.type,
            "kernelId": None,
            "pendingTime": _moment(facts.launched_at),
            "privateIp": facts.interfaces[0].addresses[0],
            "ramdiskId": None,
            "region": facts.region,
            "version": _DOCUMENT_VERSION,
        }
    )


def _as_text(said: Mapping[str, Any]) -> str:
    return json.dumps(said, indent=2, separators=(",", " : "))


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
