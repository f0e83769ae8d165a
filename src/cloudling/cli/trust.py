"""`cloudling trust`: where the certificates of the running cloud lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.cli.cloud import find

if TYPE_CHECKING:
    import argparse


def run(given: argparse.Namespace) -> int:
    which = "identity" if given.identity else "instances"
    print(find(given).admin("GET", f"/_cloudling/trust?of={which}").json()["path"])
    return 0
