"""`cloudling start`: in the foreground, or detached and watched until it answers."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from cloudling import __version__
from cloudling.cli import ports
from cloudling.cli.cloud import Cloud
from cloudling.cli.runtime import Place
from cloudling.settings import SETTINGS, Settings, UserError, load, log_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from cloudling.app import ReadyInfo

PATIENCE = 30.0
# What a detached cloud says first once it serves.
READY = "ready"
LOG_LIMIT = 16 * 1024 * 1024
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}  # noqa: S104


def run(given: argparse.Namespace) -> int:
    flags = {one.field: getattr(given, one.field) for one in SETTINGS}
    settings = load(flags, config=given.config)
    place = Place.of(settings.port)
    _refuse_second(settings, place)
    ports.require_free(settings.host, settings.port)
    if given.detach:
        return _detach(settings, place, given.words)
    return _serve(settings, place, given.ready_fd)


def _refuse_second(settings: Settings, place: Place) -> None:
    if place.pid is None:
        return
    cloud = Cloud(settings.port, place)
    if cloud.health() is not None:
        raise UserError(
            f"A cloud runs on port {settings.port} already (process {place.pid}). Use it, stop it "
            f"with `{program()} stop --port {settings.port}`, or start another with another --port "
            f"and another --data."
        )


def _serve(settings: Settings, place: Place, ready_fd: int | None) -> int:
    # The app brings the whole cloud with it, which only this command needs.
    from cloudling.app import serve  # noqa: PLC0415
    from cloudling.gateway.server import CannotListenError  # noqa: PLC0415

    _log_to_stderr(settings.log_level)

    def ready(info: ReadyInfo) -> None:
        place.claim(reachable(settings.host), info.token)
        if ready_fd is None:
            print(greeting(settings, place, info.notes, detached=False), flush=True)
        else:
            # Whoever called knows how it was called; only the notes are news to it.
            with os.fdopen(ready_fd, "w") as parent:
                parent.write("\n".join([READY, *info.notes]))

    try:
        return serve(settings, ready=ready, runtime=place.folder)
    except CannotListenError as fault:
        # Taken since it was looked at: the port's new owner is named, where it can be.
        ports.require_free(settings.host, settings.port)
        raise UserError(f"{fault} Start with another --host or --port.") from fault
    finally:
        place.release(os.getpid())


def _log_to_stderr(level: str) -> None:
    # Commands that serve nothing have no use for it.
    import logging  # noqa: PLC0415

    lines = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s")
    lines.datefmt = "%Y-%m-%dT%H:%M:%S"
    lines.converter = time.gmtime
    stderr = logging.StreamHandler()
    stderr.setFormatter(lines)
    logging.basicConfig(level=level.upper(), handlers=[stderr])


def reachable(host: str) -> str:
    """The address under which this machine reaches what listens on `host`."""
    bare = host.strip("[]")
    return EVERYWHERE.get(bare, bare)


def greeting(settings: Settings, place: Place, notes: Sequence[str], *, detached: bool) -> str:
    """What the user reads once the cloud answers."""
    name = program()
    port = "" if settings.port == 4566 else f" --port {settings.port}"
    kept = "nothing is kept" if settings.memory else f"data in {settings.data}"
    after = f"Stop it with: {name} stop{port}" if detached else "Stop it with Ctrl-C."
    where = "" if detached else " in another terminal"
    lines = [
        f"Cloudling {__version__} answers on {Cloud(settings.port, place).url} ({kept}).",
        *notes,
        f'Use it{where}: eval "$({name} env{port})" and then, for example, aws s3 mb s3://first',
        after,
    ]
    return "\n".join(lines)


def program() -> str:
    """How this command was called, for sentences that tell which to call next."""
    called = Path(sys.argv[0])
    if called.name != "cloudling":
        return "python -m cloudling"
    on_path = shutil.which("cloudling")
    if on_path and Path(on_path).resolve() == called.resolve():
        return "cloudling"
    return str(called)


def _detach(settings: Settings, place: Place, words: Sequence[str]) -> int:
    """Start this command again in a session of its own, and wait until it says that it serves."""
    arguments = [word for word in words if word != "--detach"]
    reader, writer = os.pipe()
    with _open_log(settings, place) as log:
        begun_at = log.tell()
        child = subprocess.Popen(  # noqa: S603 - ourselves, with the user's own flags
            [*child_command(), *arguments, "--ready-fd", str(writer)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writer,),
            start_new_session=True,
        )
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = _await_ready(pipe).split("\n")
    if said[0] == READY and Cloud(settings.port, place).health() is not None:
        print(greeting(settings, place, said[1:], detached=True))
        # It stays when we go, which Popen would warn of.
        child.returncode = 0
        return 0
    raise UserError(_why_not(child, place.log_file, begun_at))


def child_command() -> list[str]:
    """What starts this program again."""
    return [sys.executable, "-m", "cloudling"]


def _open_log(settings: Settings, place: Place) -> TextIO:
    """The log of a detached cloud, reachable from the runtime folder by its port."""
    place.log_file.unlink(missing_ok=True)
    path = place.log_file
    if not settings.memory:
        path = log_folder() / f"{settings.port}.log"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.log_file.symlink_to(path)
            if path.exists() and path.stat().st_size > LOG_LIMIT:
                path.replace(path.with_suffix(".log.1"))
        except OSError as error:
            raise UserError(
                f"The folder of logs {path.parent} cannot be written: {error.strerror}. Correct "
                f"its permissions, or set XDG_STATE_HOME to a folder of your own."
            ) from None
    return open(path, "a", opener=_private)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _await_ready(pipe: TextIO) -> str:
    """What the child writes once it serves; empty when it ends before, or is too slow."""
    deadline = time.monotonic() + PATIENCE
    readable, _, _ = select.select([pipe], [], [], PATIENCE)
    return pipe.read() if readable and time.monotonic() < deadline else ""


def _why_not(child: subprocess.Popen[bytes], log: Path, begun_at: int) -> str:
    """What a child that did not come up said of it; ends the child."""
    try:
        child.wait(1)
        reason = ""
    except subprocess.TimeoutExpired:
        child.terminate()
        child.wait(PATIENCE)
        reason = f"It did not answer within {PATIENCE:.0f} seconds and was stopped. "
    with log.open("rb") as file:
        file.seek(begun_at)
        said = file.read().decode("utf-8", "replace").strip().splitlines()[-20:]
    return reason + ("\n".join(said) or f"Cloudling ended with status {child.returncode}.")
