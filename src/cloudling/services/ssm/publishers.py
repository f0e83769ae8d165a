"""Which public parameters a machine image has: its publisher's way of naming both.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami-parameter-store.html
https://discourse.ubuntu.com/t/finding-ubuntu-images-with-the-aws-ssm-parameter-store/15507
https://wiki.debian.org/Cloud/AmazonEC2Image/Bookworm
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.services.ssm.names import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterator

_AMAZON, _CANONICAL, _DEBIAN = "137112412989", "099720109477", "136693071363"
_TEXT, _IMAGE = "text", "aws:ec2:image"


class Family(NamedTuple):
    """Images of one owner that are named alike, and templates of their parameters' names.

    The templates' numbers are the expression's groups. Where several images come to one name, it
    is the newest image's.
    """

    owner: str
    images: re.Pattern[str]
    templates: tuple[str, ...]
    data_type: str


def _amazon(images: str, template: str) -> Family:
    name = re.compile(f"{images}-(x86_64|arm64)(-[a-z0-9]+)?")
    return Family(_AMAZON, name, (f"ami-amazon-linux-latest/{template}",), _TEXT)


def _canonical(images: str, storage: str) -> Family:
    name = re.compile(
        rf"ubuntu/images/{images}/ubuntu-([a-z]+)-([0-9.]+)-(amd64|arm64)-server-([0-9.]+)"
    )
    templates = tuple(
        rf"canonical/ubuntu/server/{release}/stable/{serial}/\3/hvm/{storage}/ami-id"
        for release in (r"\1", r"\2")
        for serial in ("current", r"\4")
    )
    return Family(_CANONICAL, name, templates, _IMAGE)


def _debian(version: int, codename: str) -> Family:
    name = re.compile(rf"debian-{version}-(amd64|arm64)-[0-9]+-[0-9]+")
    releases = (str(version), codename)
    return Family(
        _DEBIAN, name, tuple(rf"debian/release/{each}/latest/\1" for each in releases), _IMAGE
    )


_FAMILIES = (
    _amazon(r"(amzn2-ami(?:-minimal)?(?:-kernel-[0-9.]+)?-hvm)-[0-9.]+", r"\1-\2\3"),
    _amazon(r"(al2023-ami(?:-minimal)?)-[0-9.]+-(kernel-[0-9.]+)", r"\1-\2-\3"),
    _amazon(r"(al2023-ami(?:-minimal)?)-[0-9.]+-kernel-6\.1", r"\1-kernel-default-\2"),
    _canonical("hvm-ssd", "ebs-gp2"),
    _canonical("hvm-ssd-gp3", "ebs-gp3"),
    _debian(11, "bullseye"),
    _debian(12, "bookworm"),
    _debian(13, "trixie"),
)


def parameters_of(image: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The names of an image's parameters, each with the type of its data."""
    for family in _FAMILIES:
        found = family.images.fullmatch(image["Name"])
        if found is not None and family.owner == image["OwnerId"]:
            for template in family.templates:
                yield PUBLIC + found.expand(template), family.data_type
