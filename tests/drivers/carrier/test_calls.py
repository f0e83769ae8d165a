"""Calls from within a machine's network, brought to a real cloud."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from tests.drivers.carrier.conftest import PORT, Plane, metadata, served
from tests.drivers.carrier.inside import run_inside

from cloudling.app import build_cloud
from cloudling.drivers.namespaces.departures import ENDPOINT_ADDRESS
from cloudling.gateway.allowances import Allowance
from cloudling.gateway.browsers import Doors
from cloudling.gateway.gateway import Surroundings, within
from cloudling.gateway.hosts import AcceptedNames
from cloudling.gateway.server import Server
from cloudling.kernel.clock import RealClock
from cloudling.services.ec2.metadata import (
    InstanceFacts,
    InterfaceFacts,
    ProfileFacts,
    RoleCredentials,
    tree,
)
from cloudling.services.iam.credentials import root_of
from cloudling.services.s3.regions import BucketRegions
from cloudling.settings import Settings
from cloudling.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloudling.kernel.recording import CallRecord

ACCOUNT = "000000000000"
PUBLIC = {"127.10.0.5": "172.31.0.10"}
WHO = """
import boto3, json
sts = boto3.client("sts", region_name="us-east-1")
print(json.dumps([sts.get_caller_identity()["Arn"], boto3.Session().get_credentials().method]))
"""
STORY = """
import boto3, json, urllib.request
s3 = boto3.client("s3", region_name="us-east-1")
s3.create_bucket(Bucket="inside")
s3.put_object(Bucket="inside", Key="a/b", Body=b"x" * 3_000_000)
url = s3.generate_presigned_url("get_object", Params={"Bucket": "inside", "Key": "a/b"})
print(json.dumps([url, len(urllib.request.urlopen(url).read())]))
"""


class Records:
    def __init__(self) -> None:
        self.peers: set[str] = set()

    def take(self, records: list[CallRecord]) -> None:
        self.peers |= {record.peer for record in records}


class Cloud:
    """A cloud whose only door is the one for calls from within."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.store = Store.open(None)
        self.cloud = build_cloud(Settings(memory=True), self.store, RealClock())
        self.records = Records()
        self.cloud.recorder.sinks.append(self.records)
        self._server: Server

    async def open(self) -> None:
        around = Surroundings(
            cloud=self.cloud,
            bucket_regions=BucketRegions(self.cloud),
            key_hint="",
            default_region="us-east-1",
            unproven=Allowance(),
        )
        doors = Doors.of(AcceptedNames.of((), machine="host"), (), [PORT])
        self._server = Server(within(around, doors).handle)
        await self._server.start_within(self.plane.folder / "door.sock")
        await self.plane.carrier.ensure_network(served(public=PUBLIC))
        await self.plane.carrier.ensure_instance(
            metadata(tree=tree(facts(await self.role())), is_token_required=True)
        )
        await self.plane.carrier.await_space("i-1")

    async def role(self) -> ProfileFacts:
        """What a role gives that may do everything, assumed by a user that may assume it."""
        root = self.cloud.client(root_of(ACCOUNT), "us-east-1")
        trusts = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        await root.iam.create_role(RoleName="s3_access", AssumeRolePolicyDocument=policy(trusts))
        await root.iam.put_role_policy(
            RoleName="s3_access", PolicyName="all", PolicyDocument=policy(everything)
        )
        await root.iam.create_user(UserName="u")
        await root.iam.put_user_policy(
            UserName="u", PolicyName="all", PolicyDocument=policy(everything)
        )
        key = (await root.iam.create_access_key(UserName="u"))["AccessKey"]
        found = await self.cloud.credentials.find(key["AccessKeyId"], "")
        assert found
        user = self.cloud.client(found.identity, "us-east-1")
        given = await user.sts.assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/s3_access", RoleSessionName="i-1"
        )
        credentials = given["Credentials"]
        return ProfileFacts(
            arn="arn:aws:iam::000000000000:instance-profile/s3_access",
            id="AIPA1",
            updated_at=0,
            credentials=RoleCredentials(
                role="s3_access",
                access_key_id=credentials["AccessKeyId"],
                secret=credentials["SecretAccessKey"],
                token=credentials["SessionToken"],
                updated_at=self.cloud.clock.now(),
                expires_at=credentials["Expiration"],
            ),
        )

    async def close(self) -> None:
        await self._server.stop(0)
        await self.cloud.decisions.end()  # type: ignore[attr-defined] - build_cloud has set it
        await self.store.close()


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def facts(profile: ProfileFacts) -> InstanceFacts:
    interface = InterfaceFacts(
        id="eni-1",
        mac="02:00:00:00:00:01",
        owner=ACCOUNT,
        addresses=("172.31.0.10",),
        subnet="subnet-1",
        subnet_block="172.31.0.0/20",
        vpc="vpc-1",
        vpc_blocks=("172.31.0.0/16",),
        groups={"sg-1": "default"},
        local_hostname="ip-172-31-0-10.ec2.internal",
    )
    return InstanceFacts(
        id="i-1",
        account=ACCOUNT,
        region="us-east-1",
        zone="us-east-1a",
        zone_id="use1-az6",
        image="ami-1",
        type="t2.micro",
        architecture="x86_64",
        reservation="r-1",
        launched_at=0,
        interfaces=(interface,),
        profile=profile,
    )


@pytest.fixture
def cloud(plane: Plane) -> Iterator[Cloud]:
    if os.getuid():
        pytest.skip("Only root joins a machine's network with programs of its own.")
    made = Cloud(plane)
    plane.turn(made.open())
    yield made
    plane.turn(made.close())


def printed(cloud: Cloud, script: str, folder: Path, **environment: str) -> Any:
    out, err = cloud.plane.turn(run_inside(cloud.plane, "i-1", script, folder, **environment))
    assert out, err
    return json.loads(out)


def test_boto3_finds_all_by_itself(cloud: Cloud, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(cloud.plane.carrier.authority)
    by_variable = dict(cloud.plane.carrier.environment)
    assert by_variable == {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{PORT}"}
    expected = [f"arn:aws:sts::{ACCOUNT}:assumed-role/s3_access/i-1", "iam-role"]
    assert printed(cloud, WHO, tmp_path, **by_variable) == expected
    trusting = {"AWS_CA_BUNDLE": str(bundle), "SSL_CERT_FILE": str(bundle)}
    assert printed(cloud, WHO, tmp_path, **trusting) == expected
    url, length = printed(cloud, STORY, tmp_path, **trusting)
    assert url.startswith("https://inside.s3.amazonaws.com/a/b?")
    assert length == 3_000_000
    cloud.cloud.recorder.flush()
    # As AWS sees them: through the internet gateway, by the public address.
    assert cloud.records.peers - {""} == {"127.10.0.5"}


KNOWN = """
import boto3, botocore, json
sts = boto3.client("sts", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
try:
    sts.get_caller_identity()
except botocore.exceptions.ClientError as error:
    print(json.dumps([error.response["Error"]["Code"], error.response["Error"]["Message"]]))
"""


def test_keys_that_everybody_knows_are_no_keys_here(cloud: Cloud, tmp_path: Path) -> None:
    code, message = printed(cloud, KNOWN, tmp_path, **cloud.plane.carrier.environment)
    assert code == "InvalidClientTokenId"
    assert "not accepted from instances" in message
    answer = cloud.plane.turn(
        cloud.plane.ask("i-1", b"GET /_cloudling/status HTTP/1.0\r\n\r\n", "127.0.0.1", PORT)
    )
    assert b'"pid"' not in answer


def test_only_awss_names_have_certificates(plane: Plane) -> None:
    async def shown(name: str) -> str:
        made = await plane.networks.connect("i-1", ENDPOINT_ADDRESS, 443)
        context = ssl.create_default_context(cadata=plane.carrier.authority)
        try:
            _, writer = await asyncio.open_connection(sock=made, ssl=context, server_hostname=name)
        except (ssl.SSLError, ConnectionError):
            return ""
        shown = writer.get_extra_info("peercert")["subjectAltName"]
        writer.close()
        return str(shown[0][1])

    async def try_it() -> list[str]:
        await plane.carrier.carrier()
        names = ("sts.amazonaws.com", "b.s3.amazonaws.com", "example.com", "notamazonaws.com")
        return [await shown(name) for name in names]

    assert plane.turn(try_it()) == ["sts.amazonaws.com", "b.s3.amazonaws.com", "", ""]
