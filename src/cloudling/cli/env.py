"""`cloudling env`: what a shell needs so that AWS's tools use this cloud."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

from cloudling.cli.cloud import Cloud, find
from cloudling.settings import UserError, load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

UNSET = ("AWS_PROFILE", "AWS_SESSION_TOKEN")
# What was seen of clients, 2026-11: docs/clients.md tells what each takes instead.
IGNORES = (
    "These ignore AWS_ENDPOINT_URL and take an option of their own: AWS CLI v2 before 2.13 and",
    "boto3 before 1.28 (endpoint_url), JavaScript v2, Go v1, rclone, s3cmd, Arrow; s5cmd reads",
    "S3_ENDPOINT_URL. AWS CLI v1 calls AWS itself for SQS, EMR and Health without --endpoint-url.",
)
KEYS_ARE_OFF = (
    "The keys test/test are off here, so AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are",
    "yours to set: the root key was shown once, when this cloud first started.",
)


def run(given: argparse.Namespace) -> int:
    cloud = find(given)
    status = _status(cloud)
    if status is None:
        print(f"Nothing answers on port {cloud.port} yet: cloudling start.", file=sys.stderr)
    variables, notes = describe(cloud, status, load(config=given.config).region)
    if given.account:
        variables |= root_of(cloud, given.account)
        notes = [note for note in notes if note not in KEYS_ARE_OFF]
    print(SHELLS[given.shell](variables, notes))
    return 0


def _status(cloud: Cloud) -> dict[str, Any] | None:
    if cloud.health() is None:
        return None
    answer = cloud.call("GET", "/_cloudling/status")
    # Another user's cloud tells nothing more, but its endpoint serves as well.
    return answer.json() if answer is not None and answer.status == 200 else {}


def describe(
    cloud: Cloud, status: Mapping[str, Any] | None, region: str
) -> tuple[dict[str, str], list[str]]:
    """The variables to set, and what the user should know of them."""
    said = status or {}
    region = str(said.get("region") or region)
    variables = {"AWS_ENDPOINT_URL": cloud.url}
    notes = list(IGNORES)
    if said.get("development_keys", True):
        variables |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    else:
        notes += KEYS_ARE_OFF
    variables |= {
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "BOTO_DISABLE_COMMONNAME": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return variables, notes


def root_of(cloud: Cloud, account: str) -> dict[str, str]:
    """The variables of keys that sign as the account's root; the running cloud knows or makes
    them."""
    if not (len(account) == 12 and account.isascii() and account.isdigit()):
        raise UserError(
            f"--account {account} names no account. Give its twelve digits, as "
            f"`aws organizations list-accounts` tells them."
        )
    said = cloud.admin("POST", f"/_cloudling/root-key?account={account}").json()
    return {
        "AWS_ACCESS_KEY_ID": said["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": said["secret_access_key"],
    }


def as_sh(variables: Mapping[str, str], notes: list[str]) -> str:
    return "\n".join(
        [
            *(f"# {note}" for note in notes),
            *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
            f"unset {' '.join(UNSET)}",
        ]
    )


def as_fish(variables: Mapping[str, str], notes: list[str]) -> str:
    return "\n".join(
        [
            *(f"# {note}" for note in notes),
            *(f"set -gx {name} {shlex.quote(value)}" for name, value in variables.items()),
            *(f"set -e {name}" for name in UNSET),
        ]
    )


def as_powershell(variables: Mapping[str, str], notes: list[str]) -> str:
    return "\n".join(
        [
            *(f"# {note}" for note in notes),
            *(
                f"$Env:{name} = '{value.replace(chr(39), chr(39) * 2)}'"
                for name, value in variables.items()
            ),
            *(f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in UNSET),
        ]
    )


def as_json(variables: Mapping[str, str], notes: list[str]) -> str:
    return json.dumps({"set": variables, "unset": UNSET, "notes": " ".join(notes)}, indent=2)


SHELLS = {"sh": as_sh, "fish": as_fish, "powershell": as_powershell, "json": as_json}
