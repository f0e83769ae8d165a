"""Instance types: what AWS says of them and no more; filters, regions, pages, offerings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError
from cloudling.models import loader
from cloudling.services.ec2 import instance_catalogue
from cloudling.services.ec2.instance_types import _FILTERS

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        call(**request)
    return caught.value.error_code, caught.value.text


def types(local: LocalCloud, region: str = "us-east-1", **request: Any) -> list[dict[str, Any]]:
    """All pages."""
    ec2, found, token = local.root(region=region).ec2, [], {}
    while True:
        answer = ec2.describe_instance_types(**request, **token)
        found += answer["InstanceTypes"]
        if "NextToken" not in answer:
            return found
        token = {"NextToken": answer["NextToken"]}


def names(local: LocalCloud, **filters: list[str]) -> set[str]:
    given = [
        {"Name": name.replace("__", "."), "Values": values} for name, values in filters.items()
    ]
    given = [{**each, "Name": each["Name"].replace("_", "-")} for each in given]
    return {each["InstanceType"] for each in types(local, Filters=given)}


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        # https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html and its neighbours
        ("t2.micro", (1, 1024, 2, 2)),
        ("t3.medium", (2, 4096, 3, 6)),
        ("t4g.nano", (2, 512, 2, 2)),
        ("m5.large", (2, 8192, 3, 10)),
        ("m7g.16xlarge", (64, 262144, 15, 50)),
        ("c5.9xlarge", (36, 73728, 8, 30)),
        ("r5.24xlarge", (96, 786432, 15, 50)),
    ],
)
def test_the_sizes_that_aws_documents(
    local: LocalCloud, name: str, sizes: tuple[int, int, int, int]
) -> None:
    """Processors, mebibytes, interfaces, and addresses of each of those."""
    (found,) = types(local, InstanceTypes=[name])
    network = found["NetworkInfo"]
    assert sizes == (
        found["VCpuInfo"]["DefaultVCpus"],
        found["MemoryInfo"]["SizeInMiB"],
        network["MaximumNetworkInterfaces"],
        network["Ipv4AddressesPerInterface"],
    )
    assert found["SupportedInRegion"] is True


def test_nothing_is_invented(local: LocalCloud) -> None:
    """A description is what the file says of the type, and one member that the region decides."""
    catalogue = instance_catalogue.load()
    shapes = loader.load("ec2").shapes
    members = shapes["InstanceTypeInfo"]["members"]
    known = set(shapes["InstanceType"]["enum"])
    for found in types(local, IncludeUnsupportedInRegion=True):
        name = found["InstanceType"]
        assert name in known
        assert set(found) <= set(members)
        assert {**catalogue.types[name], "SupportedInRegion": found["SupportedInRegion"]} == found
        cpu = found["VCpuInfo"]
        assert cpu["DefaultVCpus"] == cpu["DefaultCores"] * cpu["DefaultThreadsPerCore"]
        strings = [("Hypervisor", "InstanceTypeHypervisor"), ("PhcSupport", "PhcSupport")]
        for member, shape in strings:
            assert found.get(member) in {None, *shapes[shape]["enum"]}


@pytest.mark.parametrize("name", sorted(_FILTERS.paths))
def test_each_filter_takes_what_it_names(local: LocalCloud, name: str) -> None:
    path = _FILTERS.paths[name]

    def values(found: Any, members: tuple[str, ...]) -> list[Any]:
        if isinstance(found, list):
            return [each for one in found for each in values(one, members)]
        if not members:
            return [found]
        return values(found[members[0]], members[1:]) if members[0] in found else []

    every = types(local)
    told = {str(each).lower() for one in every for each in values(one, path)}
    wanted = sorted(told)[:1] or ["none"]
    expected = {
        one["InstanceType"]
        for one in every
        if wanted[0] in {str(each).lower() for each in values(one, path)}
    }
    given = [{"Name": name, "Values": [_spelt(every, path, wanted[0], values)]}]
    assert {each["InstanceType"] for each in types(local, Filters=given)} == expected


def _spelt(every: list[Any], path: tuple[str, ...], lower: str, values: Any) -> str:
    for one in every:
        for each in values(one, path):
            if str(each).lower() == lower:
                return lower if isinstance(each, bool) else str(each)
    return lower


def test_filters_together(local: LocalCloud) -> None:
    small = names(
        local,
        bare_metal=["false"],
        current_generation=["true"],
        vcpu_info__default_cores=["1"],
        memory_info__size_in_mib=["512", "1024"],
        vcpu_info__valid_threads_per_core=["1"],
    )
    assert small == {"t3.nano", "t3.micro", "t3a.nano", "t3a.micro"}
    assert "t2.micro" in names(local, instance_type=["t2.*"])


def test_what_does_not_exist(local: LocalCloud) -> None:
    describe = local.root().ec2.describe_instance_types
    assert refused(describe, InstanceTypes=["t1.large", "t2.micro", "x"]) == (
        "InvalidInstanceType",
        "The following supplied instance types do not exist: [t1.large, x]",
    )
    assert refused(describe, Filters=[{"Name": "spam", "Values": ["eggs"]}]) == (
        "InvalidParameterValue",
        "The filter 'spam' is invalid",
    )
    assert refused(describe, MaxResults=101)[0] == "InvalidParameterValue"
    assert refused(describe, MaxResults=4)[0] == "InvalidParameterValue"
    assert refused(describe, NextToken="made up")[0] != "InternalFailure"


def test_a_hundred_on_a_page(local: LocalCloud) -> None:
    ec2 = local.root().ec2
    assert len(ec2.describe_instance_types()["InstanceTypes"]) == 100
    assert len(ec2.describe_instance_types(MaxResults=5)["InstanceTypes"]) == 5
    found = [each["InstanceType"] for each in types(local)]
    assert len(found) == len(set(found)) > 300


def test_what_a_region_lacks_is_shown_only_on_request(local: LocalCloud) -> None:
    there = {each["InstanceType"] for each in types(local, "eu-north-1")}
    every = types(local, "eu-north-1", IncludeUnsupportedInRegion=True)
    assert "t2.micro" not in there
    assert {each["InstanceType"] for each in every if each["SupportedInRegion"]} == there
    assert len(every) > len(there)
    absent = local.root(region="eu-north-1").ec2.describe_instance_types
    assert refused(absent, InstanceTypes=["t2.micro"])[0] == "InvalidInstanceType"


def offerings(local: LocalCloud, **request: Any) -> set[tuple[str, str]]:
    ec2, found, token = local.root().ec2, set(), {}
    while True:
        answer = ec2.describe_instance_type_offerings(**request, **token)
        for each in answer["InstanceTypeOfferings"]:
            assert each["LocationType"] == request.get("LocationType", "region")
            found.add((each["InstanceType"], each["Location"]))
        if "NextToken" not in answer:
            return found
        token = {"NextToken": answer["NextToken"]}


def test_offerings_by_region_zone_and_zone_id(local: LocalCloud) -> None:
    assert ("t2.micro", "us-east-1") in offerings(local)
    in_zones = offerings(local, LocationType="availability-zone")
    assert ("t3.micro", "us-east-1a") in in_zones
    assert {place for _, place in in_zones} == {f"us-east-1{letter}" for letter in "abcdef"}
    by_id = offerings(
        local,
        LocationType="availability-zone-id",
        Filters=[{"Name": "instance-type", "Values": ["t3.*"]}],
    )
    # The oldest zone has no Nitro machines of that family.
    assert ("t3.micro", "use1-az3") not in by_id
    assert ("t3.micro", "use1-az1") in by_id
    one = offerings(
        local,
        LocationType="availability-zone",
        Filters=[{"Name": "location", "Values": ["us-east-1b"]}],
    )
    assert {place for _, place in one} == {"us-east-1b"}
    assert offerings(local, LocationType="outpost") == set()


def test_offerings_of_no_kind(local: LocalCloud) -> None:
    describe = local.root().ec2.describe_instance_type_offerings
    assert refused(describe, LocationType="moon")[0] == "InvalidParameterValue"
    assert refused(describe, MaxResults=2000)[0] == "InvalidParameterValue"
