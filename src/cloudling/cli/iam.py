"""`cloudling iam`: how policies are held to while the cloud runs, and what a principal needs."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cloudling.cli.cloud import find
from cloudling.settings import UserError

if TYPE_CHECKING:
    import argparse

    from cloudling.cli.cloud import Cloud

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def run(given: argparse.Namespace) -> int:
    cloud = find(given)
    return _mode(cloud, given) if given.what == "mode" else _suggest(cloud, given)


def _mode(cloud: Cloud, given: argparse.Namespace) -> int:
    path = "/_cloudling/iam/mode"
    if given.mode is None:
        answer = cloud.admin("GET", path)
    else:
        answer = cloud.admin("POST", f"{path}?{urlencode({'mode': given.mode})}")
    print(answer.json()["mode"])
    return 0


def _suggest(cloud: Cloud, given: argparse.Namespace) -> int:
    asked = {"principal": given.principal}
    if given.since:
        asked["since"] = str(moment(given.since))
    found = cloud.admin("GET", f"/_cloudling/iam/suggestion?{urlencode(asked)}").json()
    if not found["policy"]["Statement"]:
        raise UserError(f"{found['principal']} has done nothing in that time that was allowed.")
    print(json.dumps(found["policy"], indent=2))
    return 0


def moment(text: str) -> float:
    """`15m`, `2h`, `1d` ago, or a date of ISO 8601 (UTC where it does not say), in seconds."""
    if text[:-1].isdecimal() and text[-1:] in _UNITS:
        return time.time() - int(text[:-1]) * _UNITS[text[-1]]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"{text!r} is no moment. Give one such as 15m, 2h, 1d, or 2026-11-21T09:00."
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
