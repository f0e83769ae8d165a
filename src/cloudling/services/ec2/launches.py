"""What RunInstances asks for: everything that an instance is made of.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.services.ec2 import conditions, identifiers

if TYPE_CHECKING:
    from cloudling.kernel import Call, Need
    from cloudling.services.ec2.conditions import Context

Request = dict[str, Any]
# Condition keys of instances, by the structure and the member of the request that they hold.
_OF_INSTANCE = {
    "ec2:AvailabilityZone": ("Placement", "AvailabilityZone"),
    "ec2:AvailabilityZoneId": ("Placement", "AvailabilityZoneId"),
    "ec2:CpuOptionsAmdSevSnp": ("CpuOptions", "AmdSevSnp"),
    "ec2:InstanceAutoRecovery": ("MaintenanceOptions", "AutoRecovery"),
    "ec2:InstanceBandwidthWeighting": ("NetworkPerformanceOptions", "BandwidthWeighting"),
    "ec2:InstanceMarketType": ("InstanceMarketOptions", "MarketType"),
    "ec2:InstanceMetadataTags": ("MetadataOptions", "InstanceMetadataTags"),
    "ec2:MetadataHttpEndpoint": ("MetadataOptions", "HttpEndpoint"),
    "ec2:MetadataHttpPutResponseHopLimit": ("MetadataOptions", "HttpPutResponseHopLimit"),
    "ec2:MetadataHttpTokens": ("MetadataOptions", "HttpTokens"),
    "ec2:Tenancy": ("Placement", "Tenancy"),
}
_OF_VOLUME = {
    "ec2:Encrypted": "Encrypted",
    "ec2:KmsKeyId": "KmsKeyId",
    "ec2:VolumeIops": "Iops",
    "ec2:VolumeSize": "VolumeSize",
    "ec2:VolumeThroughput": "Throughput",
    "ec2:VolumeType": "VolumeType",
}
# What they are where the request does not say.
_USUAL: Context = {
    "ec2:EbsOptimized": "false",
    "ec2:InstanceMarketType": "on-demand",
    "ec2:RootDeviceType": "ebs",
    "ec2:Tenancy": "default",
}


def needs(call: Call, request: Request, profile_arn: str) -> list[Need]:
    """A need for each resource, that of the instance first: its denial is the one that is told."""
    launch = _Launch(call, request)
    return [
        *launch.instance(profile_arn),
        *launch.named("image", [request.get("ImageId", "*")]),
        *launch.interfaces(),
        *launch.named("security-group", launch.groups() or ["*"]),
        *launch.named("subnet", launch.subnets() or ["*"]),
        *launch.volumes(),
        *launch.others(),
        *conditions.tagging(call, request),
    ]


class _Launch:
    """One request, looked at from each resource's side."""

    def __init__(self, call: Call, request: Request) -> None:
        self._call = call
        self._request = request
        self._cards: list[Request] = request.get("NetworkInterfaces") or []
        self._tags = conditions.specified(request)
        self._template = self._launch_template()

    def _launch_template(self) -> Context:
        given = self._request.get("LaunchTemplate")
        if not given:
            return {"ec2:IsLaunchTemplateResource": "false"}
        template = identifiers.arn(
            self._call, "launch-template", given.get("LaunchTemplateId", "*")
        )
        return {"ec2:LaunchTemplate": template, "ec2:IsLaunchTemplateResource": "false"}

    def _made(self, kind: str, context: Context) -> Need:
        tags = conditions.of_tags(self._tags.get(kind))
        return conditions.need_of_new(self._call, kind, self._template | tags | context)

    def named(self, kind: str, names: list[str]) -> list[Need]:
        """Resources that are there; "*" stands for one that is not named."""
        return [
            conditions.need(self._call, kind, name, self._template)
            if name != "*"
            else self._made(kind, {})
            for name in dict.fromkeys(names)
        ]

    def instance(self, profile_arn: str) -> list[Need]:
        request = self._request
        context = dict(_USUAL)
        for key, (structure, member) in _OF_INSTANCE.items():
            value = (request.get(structure) or {}).get(member)
            if value is not None:
                context[key] = conditions.text(value)
        if "InstanceType" in request:
            context["ec2:InstanceType"] = request["InstanceType"]
        if "EbsOptimized" in request:
            context["ec2:EbsOptimized"] = conditions.text(request["EbsOptimized"])
        if profile_arn:
            context["ec2:InstanceProfile"] = profile_arn
        if group := (request.get("Placement") or {}).get("GroupName"):
            context["ec2:PlacementGroup"] = identifiers.arn(self._call, "placement-group", group)
        return [self._made("instance", context)]

    def interfaces(self) -> list[Need]:
        """Those that are attached by id, and those that are made; one where none is mentioned."""
        found: list[Need] = []
        for card in self._cards or [{}]:
            if name := card.get("NetworkInterfaceId"):
                found += self.named("network-interface", [name])
                continue
            context: Context = {}
            if subnet := card.get("SubnetId") or self._request.get("SubnetId"):
                context["ec2:Subnet"] = identifiers.arn(self._call, "subnet", subnet)
            if "AssociatePublicIpAddress" in card:
                public = card["AssociatePublicIpAddress"]
                context["ec2:AssociatePublicIpAddress"] = conditions.text(public)
            found.append(self._made("network-interface", context))
        return found

    def groups(self) -> list[str]:
        """Groups by id; their names tell nothing of their ARNs."""
        found = [*(self._request.get("SecurityGroupIds") or ())]
        for card in self._cards:
            found += card.get("Groups") or ()
        return found

    def subnets(self) -> list[str]:
        found = [self._request.get("SubnetId"), *(card.get("SubnetId") for card in self._cards)]
        return [each for each in found if each]

    def volumes(self) -> list[Need]:
        """The volumes that are made; images have one at least."""
        devices = [each.get("Ebs") for each in self._request.get("BlockDeviceMappings") or ()]
        found: list[Need] = []
        for device in [each for each in devices if each] or [{}]:
            context: Context = {
                key: conditions.text(device[member])
                for key, member in _OF_VOLUME.items()
                if device.get(member) is not None
            }
            if snapshot := device.get("SnapshotId"):
                context["ec2:ParentSnapshot"] = identifiers.arn(self._call, "snapshot", snapshot)
                found += self.named("snapshot", [snapshot])
            found.append(self._made("volume", context))
        return found

    def others(self) -> list[Need]:
        """What a request may name besides."""
        request = self._request
        reserved = request.get("CapacityReservationSpecification") or {}
        target = reserved.get("CapacityReservationTarget") or {}
        template = request.get("LaunchTemplate")
        licences = request.get("LicenseSpecifications") or ()
        names = {
            "key-pair": [request.get("KeyName")],
            "placement-group": [(request.get("Placement") or {}).get("GroupName")],
            "launch-template": [template.get("LaunchTemplateId", "*")] if template else [],
            "capacity-reservation": [target.get("CapacityReservationId")],
            "group": [target.get("CapacityReservationResourceGroupArn")],
            "license-configuration": [each.get("LicenseConfigurationArn") for each in licences],
        }
        return [
            need
            for kind, found in names.items()
            for need in self.named(kind, [each for each in found if each])
        ]
