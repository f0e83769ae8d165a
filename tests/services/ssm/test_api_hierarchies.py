"""Public parameters below a path: levels, pages, filters, and who may ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.ssm.test_api_parameters import ACCOUNT, FOLDER, arn, policy, refused

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

CANONICAL = "/aws/service/canonical/ubuntu/server"
PATH_RULE = (
    "The parameter doesn't meet the parameter name requirements. The parameter name must begin "
    'with a forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It '
    "must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ "
    "(underscore). Special characters are not allowed. All sub-paths, if specified, must use the "
    'forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.'
)


def below(local: LocalCloud, path: str, **more: Any) -> list[str]:
    """The names of all pages."""
    ssm, found = local.root().ssm, []
    while True:
        answer = ssm.get_parameters_by_path(Path=path, **more)
        found += [each["Name"] for each in answer["Parameters"]]
        if "NextToken" not in answer:
            return found
        more["NextToken"] = answer["NextToken"]


@pytest.mark.parametrize("path", [FOLDER, FOLDER.rstrip("/")])
def test_the_names_of_amazon_linux(local: LocalCloud, path: str) -> None:
    # At least these; the catalogue of images may have more.
    assert {name.removeprefix(FOLDER) for name in below(local, path)} >= {
        "al2023-ami-kernel-6.1-arm64",
        "al2023-ami-kernel-6.1-x86_64",
        "al2023-ami-kernel-6.12-arm64",
        "al2023-ami-kernel-6.12-x86_64",
        "al2023-ami-kernel-default-arm64",
        "al2023-ami-kernel-default-x86_64",
        "amzn2-ami-hvm-arm64-gp2",
        "amzn2-ami-hvm-x86_64-ebs",
        "amzn2-ami-hvm-x86_64-gp2",
        "amzn2-ami-kernel-5.10-hvm-arm64-gp2",
        "amzn2-ami-kernel-5.10-hvm-x86_64-gp2",
    }


def test_one_level_or_all(local: LocalCloud) -> None:
    assert below(local, CANONICAL) == []
    noble = f"{CANONICAL}/24.04/stable/"
    found = [name.removeprefix(noble) for name in below(local, noble, Recursive=True)]
    ends = [f"{architecture}/hvm/ebs-gp3/ami-id" for architecture in ("amd64", "arm64")]
    assert {name.partition("/")[2] for name in found} == set(ends)
    assert found[-2:] == [f"current/{end}" for end in ends]
    assert all(re.fullmatch(r"\d{8}/.*", name) for name in found[:-2])
    everything = below(local, "/aws/service", Recursive=True)
    assert everything == sorted(everything)
    assert {name.split("/")[3] for name in everything} == {
        "ami-amazon-linux-latest",
        "canonical",
        "debian",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/aws",
        "/aws/serv",
        "/my/own",
        f"{FOLDER}al2023",
        f"{CANONICAL}/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
    ],
)
def test_paths_with_nothing_below(local: LocalCloud, path: str) -> None:
    assert local.root().ssm.get_parameters_by_path(Path=path, Recursive=True) == {"Parameters": []}


@pytest.mark.parametrize("path", ["aws/service", "//", "/a//b", "/a b", "/###", " ", "/a:1"])
def test_paths_that_cannot_be(local: LocalCloud, path: str) -> None:
    ssm = local.root().ssm
    assert refused(ssm.get_parameters_by_path, Path=path) == ("ValidationException", PATH_RULE)


@pytest.mark.parametrize("size", [0, 11])
def test_sizes_that_cannot_be(local: LocalCloud, size: int) -> None:
    ssm = local.root().ssm
    code, words = refused(ssm.get_parameters_by_path, Path=FOLDER, MaxResults=size)
    assert code == "ValidationException"
    assert f"Value '{size}' at 'maxResults' failed to satisfy constraint" in words


def test_pages(local: LocalCloud) -> None:
    ssm = local.root().ssm
    first = ssm.get_parameters_by_path(Path=FOLDER)
    assert len(first["Parameters"]) == 10
    rest = ssm.get_parameters_by_path(Path=FOLDER, NextToken=first["NextToken"], MaxResults=1)
    assert len(rest["Parameters"]) == 1
    everything = below(local, FOLDER)
    names = [each["Name"] for each in first["Parameters"] + rest["Parameters"]]
    assert names == everything[:11]
    assert below(local, FOLDER, MaxResults=3) == everything == sorted(set(everything))
    wrong = ("InvalidNextToken", "The specified token is not valid.")
    token = first["NextToken"]
    assert refused(ssm.get_parameters_by_path, Path=FOLDER, NextToken="x") == wrong
    assert refused(ssm.get_parameters_by_path, Path=CANONICAL, NextToken=token) == wrong
    others = local.root("444455556666").ssm
    assert refused(others.get_parameters_by_path, Path=FOLDER, NextToken=token) == wrong


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ({"Key": "Type", "Values": ["String"]}, True),
        ({"Key": "Type", "Option": "Equals", "Values": ["StringList", "String"]}, True),
        ({"Key": "Type", "Option": "BeginsWith", "Values": ["Str"]}, True),
        ({"Key": "Type", "Values": ["SecureString"]}, False),
        ({"Key": "KeyId", "Values": ["alias/aws/ssm"]}, False),
        ({"Key": "Label", "Values": ["golden"]}, False),
    ],
)
def test_filters(local: LocalCloud, given: dict[str, Any], passed: bool) -> None:
    found = below(local, FOLDER, ParameterFilters=[given])
    assert found == (below(local, FOLDER) if passed else [])


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (
            [{"Key": "Name", "Values": ["a"]}],
            "InvalidFilterKey",
            "The following filter key is not valid: Name. "
            "Valid filter keys include: [Type, KeyId, Label].",
        ),
        (
            [{"Key": "Type", "Values": ["String"]}] * 2,
            "InvalidFilterKey",
            "The following filter is duplicated in the request: Type. "
            "A request can contain only one occurrence of a specific filter.",
        ),
        (
            [{"Key": "KeyId"}],
            "InvalidFilterValue",
            "The following filter values are missing : null for filter key KeyId",
        ),
        (
            [{"Key": "Type", "Option": "Contains", "Values": ["String"]}],
            "InvalidFilterOption",
            "The following filter option is not valid: Contains. "
            "Valid options include: [BeginsWith, Equals].",
        ),
        (
            [{"Key": "Label", "Option": "BeginsWith", "Values": ["a"]}],
            "InvalidFilterOption",
            "The following filter option is not valid: BeginsWith. "
            "Valid options include: [Equals].",
        ),
        (
            [{"Key": "Type", "Values": ["Number"]}],
            "InvalidFilterOption",
            "The following filter value is not valid: Number. "
            "Valid values include: [String, StringList, SecureString].",
        ),
    ],
)
def test_filters_that_cannot_be(
    local: LocalCloud, given: list[dict[str, Any]], code: str, words: str
) -> None:
    call = local.root().ssm.get_parameters_by_path
    assert refused(call, Path=FOLDER, ParameterFilters=given) == (code, words)


def test_whoever_may_read_a_path_sees_all_below(local: LocalCloud) -> None:
    path = "/aws/service/canonical"
    ann = local.user("ann", policy("ssm:GetParametersByPath", arn(path)))
    found = ann.ssm.get_parameters_by_path(Path=f"{path}/", Recursive=True)["Parameters"]
    assert found
    assert all(each["Name"].startswith(f"{path}/ubuntu/") for each in found)
    for denied, resource in (
        (f"{path}/ubuntu", arn(f"{path}/ubuntu")),
        ("/aws/service", arn("/aws/service")),
        ("/own", arn("own", account=ACCOUNT)),
        ("/", arn("", account=ACCOUNT)),
    ):
        code, words = refused(ann.ssm.get_parameters_by_path, Path=denied)
        assert code == "AccessDenied"
        assert f"ssm:GetParametersByPath on resource: {resource} because" in words


def test_a_policy_can_ask_whether_it_is_recursive(local: LocalCloud) -> None:
    allowed = policy("ssm:GetParametersByPath", "*").replace(
        '"Effect"', '"Condition": {"StringEquals": {"ssm:Recursive": "false"}}, "Effect"'
    )
    bob = local.user("bob", allowed)
    assert bob.ssm.get_parameters_by_path(Path=FOLDER)["Parameters"]
    code, _ = refused(bob.ssm.get_parameters_by_path, Path=FOLDER, Recursive=True)
    assert code == "AccessDenied"
