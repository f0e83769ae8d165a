"""`cloudling reset`: delete everything in the running cloud."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cloudling.cli.cloud import Cloud, find
from cloudling.settings import UserError

if TYPE_CHECKING:
    import argparse


def run(given: argparse.Namespace) -> int:
    cloud = find(given)
    if not given.yes and not _confirmed(cloud):
        print("Nothing was deleted.")
        return 1
    cloud.admin("POST", "/_cloudling/reset")
    print(f"The cloud on port {cloud.port} is empty.")
    return 0


def _confirmed(cloud: Cloud) -> bool:
    if not sys.stdin.isatty():
        raise UserError(
            "A reset deletes everything in the cloud, and there is no terminal here to ask. "
            "Say --yes if that is meant."
        )
    print(f"This deletes everything in the cloud on port {cloud.port}. Type yes to go on: ", end="")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() == "yes"
