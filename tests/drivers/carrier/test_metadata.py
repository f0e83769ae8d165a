"""What machines are told of themselves, by the carrier's process in a network of the kernel's."""

from __future__ import annotations

from tests.drivers.carrier.conftest import Plane, metadata, served

TOKEN = "/latest/api/token"


async def attend(plane: Plane) -> None:
    await plane.carrier.ensure_network(served())
    await plane.carrier.ensure_instance(metadata())
    await plane.carrier.ensure_instance(
        metadata(
            "i-2", "172.31.0.11", tree={"meta-data/instance-id": "i-2"}, is_token_required=True
        )
    )


def test_each_machine_is_told_of_itself(plane: Plane) -> None:
    plane.turn(attend(plane))
    found = plane.get("/latest/meta-data/instance-id")
    assert (found.status, found.text) == (200, "i-1")
    assert found.headers["server"] == "EC2ws"
    token = plane.get(TOKEN, place="i-2", method="PUT", X_aws_ec2_metadata_token_ttl_seconds="60")
    assert token.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "60"
    found = plane.get(
        "/latest/meta-data/instance-id", place="i-2", X_aws_ec2_metadata_token=token.text
    )
    assert (found.status, found.text) == (200, "i-2")
    assert plane.get("/latest/meta-data/instance-id", place="i-2").status == 401
    other = plane.get("/latest/meta-data/instance-id", X_aws_ec2_metadata_token=token.text)
    assert other.status == 401
