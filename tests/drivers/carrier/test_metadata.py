"""What machines are told of themselves: the rules of AWS's page, and by the carrier's process."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest
from tests.drivers.carrier.conftest import TREE, Plane, metadata, served

from cloudling.drivers.carrier.guests import MOST
from cloudling.drivers.carrier.metadata.answers import Asked, Reply, answer
from cloudling.drivers.carrier.metadata.tokens import Tokens
from cloudling.drivers.carrier.metadata.trees import VERSIONS

if TYPE_CHECKING:
    from cloudling.kernel.attendance import InstanceMetadata

TOKEN = "/latest/api/token"
TTL = "x-aws-ec2-metadata-token-ttl-seconds"
IP_MINTTL = 21
TOKENS = Tokens(b"k" * 32)
NOW = 1_700_000_000.0
TOLD = metadata(
    tree=TREE
    | {
        "meta-data/iam/info": "{}",
        "meta-data/iam/security-credentials/s3_access": "{}",
        "meta-data/network/interfaces/macs/02:00/device-number": "0",
        "dynamic/instance-identity/document": "{}",
    },
    user_data=b"#!/bin/sh\n\xff",
)


def ask(
    path: str,
    told: InstanceMetadata | None = TOLD,
    *,
    method: str = "GET",
    at: float = NOW,
    **headers: str,
) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer(Asked(method, path, named), told, TOKENS, at)


def put(told: InstanceMetadata = TOLD, **headers: str) -> Reply:
    return ask(TOKEN, told, method="PUT", **headers)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "\n".join(VERSIONS)),
        ("/latest", "dynamic\nmeta-data\nuser-data"),
        ("/latest/", "dynamic\nmeta-data\nuser-data"),
        ("/latest/meta-data/", "ami-id\niam/\ninstance-id\nnetwork/\npublic-keys/"),
        ("/latest/meta-data", "ami-id\niam/\ninstance-id\nnetwork/\npublic-keys/"),
        ("/2021-07-15/meta-data/instance-id", "i-1"),
        ("/1.0/meta-data/ami-id", "ami-1"),
        ("/latest/meta-data/iam/", "info\nsecurity-credentials/"),
        ("/latest/meta-data/iam/security-credentials/", "s3_access"),
        ("/latest/meta-data/network/interfaces/macs/", "02:00/"),
        ("/latest/meta-data/public-keys/", "0=mine"),
        ("/latest/meta-data/public-keys/0/", "openssh-key"),
        ("/latest/meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA mine"),
        ("/latest/dynamic/instance-identity/", "document"),
    ],
)
def test_texts_and_listings(path: str, text: str) -> None:
    found = ask(path)
    assert (found.status, found.body.decode()) == (200, text)
    assert found.kind == "text/plain"


def test_user_data_comes_as_it_was_given() -> None:
    found = ask("/latest/user-data")
    assert (found.body, found.kind) == (b"#!/bin/sh\n\xff", "application/octet-stream")
    without = metadata()
    assert ask("/latest/user-data", without).status == 404
    assert b"user-data" not in ask("/latest/", without).body


@pytest.mark.parametrize("path", ["/latest/meta-data/nothing", "/2000-01-01/", "/latest/x", "/x"])
def test_what_is_not_there(path: str) -> None:
    found = ask(path)
    assert (found.status, found.kind) == (404, "text/html")
    assert b"<title>404 - Not Found</title>" in found.body


def test_a_token_tells_its_time_and_its_hops() -> None:
    given = put(metadata(hop_limit=2), **{TTL: "21600"})
    assert given.status == 200
    assert given.hops == 2
    assert len(given.body) == 56
    assert given.headers == (("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600"),)
    again = ask(
        "/latest/meta-data/ami-id", at=NOW + 60, x_aws_ec2_metadata_token=given.body.decode()
    )
    assert again.status == 200
    assert again.headers == (("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21540"),)


@pytest.mark.parametrize("seconds", ["", "0", "21601", "-1", "ten", "1.5", "\u0661", "9" * 30])
def test_tokens_live_between_a_second_and_six_hours(seconds: str) -> None:
    assert put(**{TTL: seconds}).status == 400


def test_a_token_needs_its_header() -> None:
    assert put().status == 400


def test_what_was_forwarded_gets_no_token() -> None:
    assert put(**{TTL: "60", "x-forwarded-for": "10.0.0.1"}).status == 403


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_tokens_are_put(method: str) -> None:
    assert ask(TOKEN, method=method, **{TTL: "60"}).status == 405


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_metadata_is_got(method: str) -> None:
    assert ask("/latest/meta-data/", method=method).status == 405


def test_tokens_end() -> None:
    token = put(**{TTL: "60"}).body.decode()
    assert ask("/latest/meta-data/", at=NOW + 59, x_aws_ec2_metadata_token=token).status == 200
    assert ask("/latest/meta-data/", at=NOW + 60, x_aws_ec2_metadata_token=token).status == 401


@pytest.mark.parametrize("token", ["", "x", "\u00fc", "A" * 56, "A" * 5000])
def test_what_is_no_token(token: str) -> None:
    found = ask("/latest/meta-data/", x_aws_ec2_metadata_token=token)
    assert found.status == 401
    assert b"401 - Unauthorized" in found.body


def test_a_token_is_one_machines() -> None:
    token = put(**{TTL: "60"}).body.decode()
    other = metadata("i-2")
    assert ask("/latest/meta-data/", other, x_aws_ec2_metadata_token=token).status == 401
    changed = ("B" if token[0] == "A" else "A") + token[1:]
    assert ask("/latest/meta-data/", x_aws_ec2_metadata_token=changed).status == 401


def test_a_token_may_be_required() -> None:
    strict = metadata(is_token_required=True)
    assert ask("/latest/meta-data/", strict).status == 401
    token = put(strict, **{TTL: "60"}).body.decode()
    assert ask("/latest/meta-data/", strict, x_aws_ec2_metadata_token=token).status == 200


def test_switched_off() -> None:
    off = metadata(is_enabled=False)
    assert ask("/latest/meta-data/", off).status == 403
    assert put(off, **{TTL: "60"}).status == 403


def test_nobody_is_told_nothing() -> None:
    assert ask("/latest/meta-data/", None).status == 404


async def attend(plane: Plane) -> None:
    await plane.carrier.ensure_network(served())
    await plane.carrier.ensure_instance(metadata())
    other = {"tree": {"meta-data/instance-id": "i-2"}, "is_token_required": True}
    await plane.carrier.ensure_instance(metadata("i-2", "172.31.0.11", **other))


@pytest.mark.parametrize("plane", ["own", "stranger"], indirect=True)
def test_each_machine_is_told_of_itself(plane: Plane) -> None:
    plane.turn(attend(plane))
    found = plane.get("/latest/meta-data/instance-id?x=1")
    assert (found.status, found.text) == (200, "i-1")
    assert found.headers["server"] == "EC2ws"
    assert found.headers["connection"] == "close"
    token = plane.get(TOKEN, place="i-2", method="PUT", X_aws_ec2_metadata_token_ttl_seconds="60")
    assert token.headers[TTL] == "60"
    found = plane.get(
        "/latest/meta-data/instance-id", place="i-2", X_aws_ec2_metadata_token=token.text
    )
    assert (found.status, found.text) == (200, "i-2")
    assert plane.get("/latest/meta-data/instance-id", place="i-2").status == 401
    other = plane.get("/latest/meta-data/instance-id", X_aws_ec2_metadata_token=token.text)
    assert other.status == 401


def test_nobody_asks_in_anothers_name(plane: Plane) -> None:
    """With another machine's address, nothing comes back to whoever speaks so."""
    plane.turn(attend(plane))

    async def pretend() -> Any:
        return await plane.networks.connect(
            "i-2", "169.254.169.254", 80, source="172.31.0.10", patience=0.3
        )

    with pytest.raises(TimeoutError):
        plane.turn(pretend())


NO_REQUESTS = (
    b"GET\r\n\r\n",
    b"GET latest HTTP/1.1\r\n\r\n",
    b"GET / SPDY/3\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nA: " + b"x" * 20000,
    b"\0\xff\r\n\r\n",
)


def test_what_is_no_request(plane: Plane) -> None:
    plane.turn(attend(plane))
    for request in NO_REQUESTS:
        answer = plane.turn(plane.ask("i-1", request))
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n"), request


def test_a_body_is_let_pass_and_a_head_is_all_of_head(plane: Plane) -> None:
    plane.turn(attend(plane))
    head = f"PUT {TOKEN} HTTP/1.1\r\n{TTL}: 60\r\nContent-Length: 5000\r\n\r\n".encode()
    assert plane.turn(plane.ask("i-1", head + b"x" * 5000)).startswith(b"HTTP/1.1 200 OK\r\n")
    found = plane.get("/latest/meta-data/ami-id", method="HEAD")
    assert (found.status, found.body, found.headers["content-length"]) == (200, b"", "5")


def test_a_token_passes_so_many_hops(plane: Plane) -> None:
    """Who demands of packets that they could pass one router more gets a token by two hops."""
    # What is dropped never arrives, however long one waits; what is let through has all the time.
    short = 0.3

    async def tell(hop_limit: int, patience: float) -> bytes:
        await plane.carrier.ensure_network(served())
        await plane.carrier.ensure_instance(metadata(hop_limit=hop_limit))
        made = await plane.networks.connect("i-1", "169.254.169.254", 80)
        with made:
            made.setsockopt(socket.IPPROTO_IP, IP_MINTTL, 2)
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(made, f"PUT {TOKEN} HTTP/1.1\r\n{TTL}: 60\r\n\r\n".encode())
            return await asyncio.wait_for(loop.sock_recv(made, 999), patience)

    assert plane.turn(tell(2, 60)).startswith(b"HTTP/1.1 200 OK")
    with pytest.raises(TimeoutError):
        plane.turn(tell(1, short))


def test_one_machine_does_not_keep_others_from_asking(plane: Plane) -> None:
    plane.turn(attend(plane))

    async def crowd() -> tuple[int, int]:
        asked = [await plane.networks.connect("i-1", "169.254.169.254", 80) for _ in range(MOST)]
        try:
            one_too_many = await plane.networks.connect("i-1", "169.254.169.254", 80)
            with one_too_many:
                cut = await asyncio.get_running_loop().sock_recv(one_too_many, 1)
            token = await plane.fetch(
                TOKEN, place="i-2", method="PUT", X_aws_ec2_metadata_token_ttl_seconds="60"
            )
            return len(cut), token.status
        finally:
            for each in asked:
                each.close()

    assert plane.turn(crowd()) == (0, 200)
