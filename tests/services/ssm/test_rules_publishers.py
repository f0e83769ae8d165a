"""Images' names and those of their parameters."""

from __future__ import annotations

import pytest

from cloudling.services.ssm import publishers

AMAZON, CANONICAL, DEBIAN = "137112412989", "099720109477", "136693071363"


def names(owner: str, image: str) -> dict[str, str]:
    return dict(publishers.parameters_of({"OwnerId": owner, "Name": image}))


@pytest.mark.parametrize(
    ("image", "parameters"),
    [
        ("amzn2-ami-hvm-2.0.20260727.0-x86_64-gp2", ["amzn2-ami-hvm-x86_64-gp2"]),
        ("amzn2-ami-hvm-2.0.20260727.0-x86_64-ebs", ["amzn2-ami-hvm-x86_64-ebs"]),
        (
            "amzn2-ami-kernel-5.10-hvm-2.0.20260727.0-arm64-gp2",
            ["amzn2-ami-kernel-5.10-hvm-arm64-gp2"],
        ),
        ("amzn2-ami-minimal-hvm-2.0.20260727.0-arm64-ebs", ["amzn2-ami-minimal-hvm-arm64-ebs"]),
        (
            "al2023-ami-2023.12.20260727.0-kernel-6.1-x86_64",
            ["al2023-ami-kernel-6.1-x86_64", "al2023-ami-kernel-default-x86_64"],
        ),
        ("al2023-ami-2023.12.20260727.0-kernel-6.12-arm64", ["al2023-ami-kernel-6.12-arm64"]),
        (
            "al2023-ami-minimal-2023.12.20260727.0-kernel-6.1-arm64",
            ["al2023-ami-minimal-kernel-6.1-arm64", "al2023-ami-minimal-kernel-default-arm64"],
        ),
    ],
)
def test_amazon_linux(image: str, parameters: list[str]) -> None:
    folder = "/aws/service/ami-amazon-linux-latest/"
    assert names(AMAZON, image) == {folder + each: "text" for each in parameters}


@pytest.mark.parametrize(
    ("image", "version", "codename", "storage"),
    [
        ("hvm-ssd/ubuntu-jammy-22.04-arm64-server-20240301", "22.04", "jammy", "ebs-gp2"),
        ("hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20240301", "24.04", "noble", "ebs-gp3"),
    ],
)
def test_ubuntu(image: str, version: str, codename: str, storage: str) -> None:
    folder = "/aws/service/canonical/ubuntu/server"
    assert names(CANONICAL, f"ubuntu/images/{image}") == {
        f"{folder}/{release}/stable/{serial}/arm64/hvm/{storage}/ami-id": "aws:ec2:image"
        for release in (version, codename)
        for serial in ("current", "20240301")
    }


def test_debian() -> None:
    assert set(names(DEBIAN, "debian-12-amd64-20231013-1532")) == {
        "/aws/service/debian/release/12/latest/amd64",
        "/aws/service/debian/release/bookworm/latest/amd64",
    }


@pytest.mark.parametrize(
    ("owner", "image"),
    [
        ("111122223333", "amzn2-ami-hvm-2.0.20260727.0-x86_64-gp2"),
        (AMAZON, "debian-12-amd64-20231013-1532"),
        (AMAZON, "module02-flask-api-ami"),
        (DEBIAN, "debian-12-backports-amd64-20231013-1532"),
        (CANONICAL, "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-minimal-20240301"),
    ],
)
def test_images_that_no_parameter_names(owner: str, image: str) -> None:
    assert names(owner, image) == {}
