"""What `cloudling doctor` looks at; each probe answers with one finding."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling.cli import images, ports
from cloudling.cli.findings import Finding
from cloudling.cli.machine import machine
from cloudling.settings import UserError

if TYPE_CHECKING:
    from cloudling.cli.cloud import Cloud
    from cloudling.settings import Settings

ROOM = 2 * 1024**3
FIRST_CLI_WITH_ENDPOINT = {1: (1, 29), 2: (2, 13)}


def probe(settings: Settings, cloud: Cloud) -> list[Finding]:
    """All findings, those that everything needs first."""
    return [
        python(),
        port(settings, cloud),
        data(settings),
        clock(),
        event_loop(),
        user(),
        names(cloud.url),
        proxy(dict(os.environ)),
        aws_cli(shutil.which("aws"), cloud.url),
        profile(dict(os.environ)),
        *machine(),
        images.finding(),
    ]


def python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(
        "python",
        sys.version_info >= (3, 11),
        f"{version} at {sys.executable}",
        "" if sys.version_info >= (3, 11) else "Install Python 3.11 or newer.",
        needed=True,
    )


def port(settings: Settings, cloud: Cloud) -> Finding:
    name = f"port {settings.port}"
    said = cloud.health(timeout=0.5)
    if said is not None:
        return Finding(
            name, True, f"Cloudling {said.get('version', '')} answers on it", needed=True
        )
    try:
        ports.require_free(settings.host, settings.port)
    except UserError as refusal:
        what, _, remedy = str(refusal).partition(". ")
        return Finding(name, False, what, remedy, needed=True)
    return Finding(name, True, "free", needed=True)


def data(settings: Settings) -> Finding:
    if settings.memory:
        return Finding("data folder", True, "none: the cloud is kept in memory")
    there = settings.data
    while not there.exists():
        there = there.parent
    remedy = "Name another folder with --data, or keep nothing with --memory."
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding("data folder", False, f"{there} cannot be written", remedy, needed=True)
    free = shutil.disk_usage(there).free
    return Finding(
        "data folder",
        free >= ROOM,
        f"{settings.data}, {free / 1024**3:.0f} GiB free",
        "" if free >= ROOM else f"Make room. {remedy}",
    )


def clock() -> Finding:
    """Signatures are checked against this clock; it cannot lie before this program was written."""
    written = Path(__file__).stat().st_mtime
    fits = time.time() >= written
    return Finding(
        "clock",
        fits,
        time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "" if fits else "It lies in the past: set it, or signatures and certificates will fail.",
    )


def event_loop() -> Finding:
    found = importlib.util.find_spec("uvloop") is not None
    remedy = "" if found else "pip install uvloop: plain asyncio serves, but slower."
    return Finding("uvloop", found, "fast event loop" if found else "plain asyncio", remedy)


def user() -> Finding:
    """What root gives to instances; nothing is missing without it."""
    if os.getuid():
        detail = "an ordinary user: disks have no limit, ports below 1024 are published elsewhere"
        return Finding("user", True, detail)
    return Finding("user", True, "root: disks have their size, every port is published as it is")


def names(endpoint: str) -> Finding:
    """Whether `bucket.localhost` leads here: SDKs that put the bucket in front of it need that."""
    try:
        socket.getaddrinfo("cloudling-doctor.localhost", 80)
    except OSError:
        return Finding(
            "*.localhost",
            False,
            "names under localhost do not resolve",
            f"Use the endpoint {endpoint}, for which all SDKs use path style.",
        )
    return Finding("*.localhost", True, "names under localhost resolve")


def proxy(environment: dict[str, str]) -> Finding:
    """A proxy for HTTP would get the calls that are meant for this machine."""
    lower = {name.lower(): value for name, value in environment.items()}
    if not lower.get("http_proxy") and not lower.get("all_proxy"):
        return Finding("proxy", True, "none set")
    spared = [one.strip() for one in lower.get("no_proxy", "").split(",")]
    if "*" in spared or "127.0.0.1" in spared:
        return Finding("proxy", True, "set, but not for 127.0.0.1")
    return Finding(
        "proxy",
        False,
        "HTTP_PROXY is set, also for this machine",
        "export NO_PROXY=127.0.0.1,localhost,.localhost",
    )


def aws_cli(program: str | None, endpoint: str) -> Finding:
    if program is None:
        return Finding(
            "aws CLI",
            False,
            "not found",
            "pip install awscli (any version will do; so will boto3).",
        )
    said = _output([program, "--version"])
    match = re.search(r"aws-cli/(\d+)\.(\d+)\S*", said)
    if match is None:
        return Finding("aws CLI", False, f"{program} does not run", "Install it anew.")
    version = int(match[1]), int(match[2])
    remedy = ""
    if version < FIRST_CLI_WITH_ENDPOINT.get(version[0], version):
        remedy = f"It ignores AWS_ENDPOINT_URL: call it with --endpoint-url {endpoint}."
    elif version[0] == 1:
        remedy = "For SQS, EMR and Health version 1 calls AWS itself unless given --endpoint-url."
    return Finding("aws CLI", True, f"{match[0]} at {program}", remedy)


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a program found on the user's own path
            command, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def profile(environment: dict[str, str]) -> Finding:
    named = environment.get("AWS_PROFILE", "")
    if not named:
        return Finding("AWS_PROFILE", True, "not set")
    remedy = "It wins over keys in variables in some tools: unset AWS_PROFILE, as `env` does."
    return Finding("AWS_PROFILE", False, named, remedy)
