"""What stands behind images: built once at a time, and what family each is of."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from cloudling.services.ec2 import runtime

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

log = logging.getLogger(__name__)


async def prepare(call: Ec2Call, root: str) -> None:
    """Have the root there. Raises NoSuchRoot, OSError."""
    if call.cloud.roots is None:
        return
    async with runtime.of(call).lock(f"root {root}"):
        await call.cloud.roots.prepare(root, partial(log.info, "root=%s %s", root))


async def family(call: Ec2Call, root: str) -> str:
    """What a root was made of at first: itself, or what the image is of."""
    image = await call.images.get(root)
    return image.family if image is not None else root
