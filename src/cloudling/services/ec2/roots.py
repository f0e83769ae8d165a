"""What stands behind images: built once at a time."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from cloudling.kernel.machines import NoSuchRoot
from cloudling.services.ec2 import runtime

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Instance

log = logging.getLogger(__name__)
_DONE = "done"  # what is said of a root that is there


async def prepare(call: Ec2Call, instance: Instance) -> None:
    """Have the instance's root there. Raises NoSuchRoot, OSError.

    Disks that are there go on without a root that was removed since.
    """
    if call.cloud.roots is None:
        return
    root = instance.root
    async with runtime.of(call).lock(f"root {root}"):
        try:
            await call.cloud.roots.prepare(root, partial(_tell, root))
        except NoSuchRoot:
            if not instance.booted:
                raise


def _tell(root: str, text: str) -> None:
    if text != _DONE:
        log.info("root=%s %s", root, text)
