"""`cloudling status`: what the running cloud is and does."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from cloudling.cli.cloud import find
from cloudling.settings import UserError

if TYPE_CHECKING:
    import argparse

UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def run(given: argparse.Namespace) -> int:
    cloud = find(given)
    if cloud.health() is None:
        raise UserError(
            f"No cloud answers on port {cloud.port}. Start one with `cloudling start`, or name "
            f"its port with --port."
        )
    path = "/_cloudling/reconcilers" if given.reconcilers else "/_cloudling/status"
    said = cloud.admin("GET", path).json()
    if given.json:
        print(json.dumps(said, indent=2))
        return 0
    if given.reconcilers:
        print("\n".join(reconcilers(said)))
        return 0
    rows = _rows(cloud.url, said)
    width = max(len(name) for name, _ in rows)
    print("\n".join(f"{name:{width}}  {value}" for name, value in rows))
    return 0


def _rows(url: str, said: dict[str, Any]) -> list[tuple[str, str]]:
    services = said.get("services", {})
    rows = [
        ("endpoint", url),
        ("version", str(said.get("version", "?"))),
        ("process", str(said.get("pid", "?"))),
        ("up", duration(float(said.get("uptime_seconds", 0)))),
        ("data", str(said.get("data") or "in memory; nothing is kept")),
        ("memory", f"at most {float(said.get('memory_peak_bytes', 0)) / 1e6:.0f} MB so far"),
        ("policies", str(said.get("iam", "?"))),
        ("keys", "test/test" if said.get("development_keys") else "real keys only"),
        ("services", ", ".join(sorted(services))),
        *_instances(said.get("machines", {})),
    ]
    fault = said.get("store_fault")
    return [*rows, ("trouble", f"reads only: {fault}")] if fault else rows


def _instances(said: dict[str, Any]) -> list[tuple[str, str]]:
    """What runs them, how many run, what holds them; and ports that are not where AWS has them."""
    if said.get("driver", "none") == "none":
        return [("instances", f"none: {said.get('reason') or 'nothing here runs them'}")]
    limits = ", ".join(said["limits"]) or "nothing but the limits of each process"
    held = f"; held to their size in: {limits}" if said["running"] else ""
    rows = [("instances", f"{said['running']} running (driver {said['driver']}){held}")]
    rows += [
        ("moved", f"{each['address']} is at {each['at']}: {each['note'] or 'its own is not free'}")
        for each in said["moved"]
    ]
    return rows


def duration(seconds: float) -> str:
    """The two largest units of a time: `2 h 5 min`."""
    left = int(seconds)
    parts: list[str] = []
    for size, unit in UNITS:
        if left >= size or (unit == "s" and not parts):
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join(parts[:2])


def reconcilers(said: dict[str, Any]) -> list[str]:
    """A line for each reconciler and each lane of the outbox, and one for each that fails."""
    found = said["reconcilers"]
    width = max((len(each["name"]) for each in found), default=0)
    lines = [
        f"{each['name']:{width}}  {each['running']} running, {each['waiting']} waiting, "
        f"{each['failing']} failing"
        for each in found
    ]
    lines += [
        f"failing  {each['name']} {each['key']}: {each['fault']} ({each['failures']} times; "
        f"again at {_moment(each['due'])})"
        for each in said["failing"]
    ]
    lines += [
        f"lane     {each['lane']}: {each['waiting']} to deliver"
        + (f", failed {each['attempts']} times: {each['fault']}" if each["fault"] else "")
        for each in said["lanes"]
    ]
    return lines or ["Nothing is brought about by itself: no service of this cloud needs it."]


def _moment(seconds: float | None) -> str:
    return "once" if seconds is None else time.strftime("%H:%M:%SZ", time.gmtime(seconds))
