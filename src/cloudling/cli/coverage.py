"""`cloudling coverage`: which operations are real, partial or missing."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from cloudling.cli.cloud import find
from cloudling.settings import UserError

if TYPE_CHECKING:
    import argparse


def run(given: argparse.Namespace) -> int:
    cloud = find(given)
    answer = cloud.call("GET", "/_cloudling/coverage", timeout=2.0)
    running = answer is not None and answer.status == 200
    table = answer.json() if answer is not None and running else from_package()
    services: dict[str, Any] = table["services"]
    if given.service:
        if given.service not in services:
            raise UserError(
                f"There is no service {given.service!r} here yet. Those that are: "
                f"{', '.join(sorted(services)) or 'none'}."
            )
        services = {given.service: services[given.service]}
    if given.json:
        print(json.dumps({"services": services}, indent=2))
    elif given.service:
        print(_one(services[given.service]))
    else:
        print(_all(services))
    return 0


def from_package() -> dict[str, Any]:
    """The table as it was generated from this version's code."""
    text = resources.files("cloudling.models").joinpath("coverage.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def _all(services: dict[str, Any]) -> str:
    lines = [f"{'service':16}{'real':>8}{'partial':>9}{'missing':>9}"]
    for name, entry in sorted(services.items()):
        states = [one["state"] for one in entry["operations"].values()]
        counts = (states.count(state) for state in ("real", "partial", "missing"))
        real, partial, missing = counts
        lines.append(f"{name:16}{real:8}{partial:9}{missing:9}")
    return "\n".join(lines)


def _one(entry: dict[str, Any]) -> str:
    width = max(len(name) for name in entry["operations"])
    lines = [entry["title"]]
    for name, one in sorted(entry["operations"].items()):
        reason = f"  {one['reason']}" if one.get("reason") else ""
        lines.append(f"{name:{width}}  {one['state']}{reason}")
    return "\n".join(lines)
