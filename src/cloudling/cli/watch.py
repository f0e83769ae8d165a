"""`cloudling watch`: the calls, events and reconcilers of the running cloud, as they happen."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cloudling.cli.cloud import find

if TYPE_CHECKING:
    import argparse

Json = dict[str, Any]


def run(given: argparse.Namespace) -> int:
    """Prints until it is interrupted, or the cloud ends."""
    only = f"?only={quote(given.only)}" if given.only else ""
    for line in find(given).stream(f"/_cloudling/watch{only}"):
        if line.strip():
            print(line.decode().rstrip() if given.json else tell(json.loads(line)), flush=True)
    return 0


def tell(said: Json) -> str:
    """One thing that happened, as a line for people."""
    moment = time.strftime("%H:%M:%SZ", time.gmtime(said["at"]))
    return f"{moment}  {said['kind']:10}  {_TELL[said['kind']](said)}"


def _call(said: Json) -> str:
    return (
        f"{said['call']}  {said['outcome']}  {said['principal']}  {said['region']}  "
        f"{said['seconds'] * 1000:.1f} ms"
    )


def _event(said: Json) -> str:
    event = said["event"]
    about = " ".join(event["resources"]) or event["account"]
    return f"{event['source']}  {event['detail-type']}  {about}  {json.dumps(event['detail'])}"


def _work(said: Json) -> str:
    words = f"{said['name']}  {said['key']}  {said['outcome']}  {said['seconds'] * 1000:.1f} ms"
    return f"{words}  {said['fault']}" if said["fault"] else words


_TELL = {"call": _call, "event": _event, "reconciler": _work}
