"""Answers wait a moment for what is just being done to what they are about.

Calls of AWS take longer than most starts and stops do here. So whoever asks right after one is
told, as there, how it went; what takes longer (building a root) is told as it is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from cloudling.services.ec2.call import Ec2Call

_PATIENCE = 1.0
_OF_INSTANCES = frozenset({"ec2:boot", "ec2:stop", "ec2:terminate"})
_OF_DISKS = frozenset({"ec2:capture", "ec2:remove", "ec2:erase"})


async def instances(call: Ec2Call, ids: Collection[str] = ()) -> None:
    """These, or all of the account in the region: what has begun with them may end."""
    await _wait(call, _OF_INSTANCES, ids, f"{call.account}/{call.region}")


async def disks(call: Ec2Call) -> None:
    """Images that are being made, and disks that are being removed."""
    await _wait(call, _OF_DISKS, (), "")


async def _wait(call: Ec2Call, names: Collection[str], ids: Collection[str], scope: str) -> None:
    tasks = [
        job.task
        for job in call.cloud.reconcilers.scheduler.jobs()
        if job.task is not None
        and job.name in names
        and (not scope or job.key[0] == scope)
        and (not ids or job.key[-1] in ids)
    ]
    if tasks:
        await asyncio.wait(tasks, timeout=_PATIENCE)
