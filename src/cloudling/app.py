"""The composition root: builds the cloud from its settings and serves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloudling.settings import Settings, UserError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class ReadyInfo:
    """What whoever started the cloud needs to know once it answers.

    `token` opens the admin API; whoever started the cloud writes it where only its user reads it.
    `notes` are lines for the user: a random root key that is shown once, say.
    """

    port: int
    token: str
    notes: tuple[str, ...] = ()


def serve(settings: Settings, *, ready: Callable[[ReadyInfo], None]) -> int:
    """Serve until told to stop (SIGTERM, SIGINT); the exit status.

    What stands in the way of starting is raised as `UserError`.
    """
    raise UserError("This build of Cloudling has no gateway yet.")
