"""The command line itself: what each command takes, and which module runs it.

A module is imported when its command is called, so that `cloudling --help` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling import __version__
from cloudling.cli import privileges
from cloudling.settings import IAM_MODES, SETTINGS, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "start": "start a cloud",
    "stop": "stop the cloud that runs on a port",
    "status": "say what the running cloud is and does",
    "doctor": "say what this machine can and cannot do, with the remedies",
    "env": "print what a shell needs so that AWS's tools use the cloud",
    "logs": "print the running cloud's log",
    "reset": "delete everything in the running cloud",
    "shell": "run a shell, or one command after --, in a machine",
    "watch": "print calls, events and reconcilers as they happen",
    "explain": "say why a call was denied, and what would allow it",
    "trust": "say where the certificates lie that instances and verifiers trust",
    "images": "say what stands behind images on this machine, or build it ahead",
    "ssh-config": "let ssh reach machines by address, name and id, or no more",
    "dns": "let this machine resolve the public names of machines, or no more",
    "iam": "change how policies are held to, or ask what a principal needs",
    "coverage": "say which operations are real, partial or missing",
}
INTERRUPTED = 130
# Changes what is the machine's, so that root's rights are kept where sudo gave them.
AS_ROOT = ("dns",)


def build() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser of all, and that of each command."""
    top = argparse.ArgumentParser(
        prog="cloudling",
        description="A whole AWS on one machine that really runs.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"cloudling {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    made = {
        name: commands.add_parser(name, help=words, description=words, allow_abbrev=False)
        for name, words in COMMANDS.items()
    }
    _add_start(made["start"])
    for name in COMMANDS:
        if name != "start":
            made[name].add_argument(
                "--port", metavar="PORT", help="the cloud's port (default: 4566)"
            )
            _add_config(made[name])
    _add_options(made)
    return top, made


def _count(text: str) -> int:
    found = int(text)
    if not 0 < found < 1_000_000:
        raise argparse.ArgumentTypeError(f"{text} is no number of things to show")
    return found


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", metavar="FILE", type=Path, help="the configuration file")


def _add_start(start: argparse.ArgumentParser) -> None:
    start.add_argument(
        "--detach", action="store_true", help="return once it answers, and leave it running"
    )
    _add_config(start)
    for one in SETTINGS:
        words = one.meaning.replace("`", "").replace("%", "%%")
        if one.kind.bare:
            start.add_argument(one.flag, action="store_const", const="on", help=words)
            continue
        start.add_argument(
            one.flag,
            action="append" if one.kind.repeats else "store",
            metavar="|".join(one.kind.choices) or one.field.upper(),
            help=words,
        )
    start.add_argument("--ready-fd", type=int, help=argparse.SUPPRESS)


def _add_options(made: dict[str, argparse.ArgumentParser]) -> None:
    made["status"].add_argument("--json", action="store_true", help="print JSON")
    made["status"].add_argument(
        "--reconcilers",
        action="store_true",
        help="say what the cloud brings about by itself, and what fails",
    )
    made["watch"].add_argument(
        "--only",
        metavar="KINDS",
        help="some of calls, events, reconcilers, with commas (default: all)",
    )
    made["watch"].add_argument("--json", action="store_true", help="print JSON, a line each")
    made["shell"].add_argument("machine", metavar="INSTANCE", help="its id, such as i-…")
    made["shell"].add_argument(
        "--root", action="store_true", help="as root (default: as the user who logs in)"
    )
    made["doctor"].add_argument("--json", action="store_true", help="print JSON")
    made["env"].add_argument(
        "--shell",
        choices=("sh", "fish", "powershell", "json"),
        default="sh",
        help="whose syntax to print (default: sh)",
    )
    made["env"].add_argument(
        "--account", metavar="ID", help="sign as the root of this account, such as a member's"
    )
    made["logs"].add_argument("-f", "--follow", action="store_true", help="go on as it grows")
    made["logs"].add_argument("--access", action="store_true", help="only the lines of calls")
    made["logs"].add_argument(
        "-n", "--lines", type=int, default=100, help="how many of the last lines (default: 100)"
    )
    _add_iam(made)
    _add_images(made["images"])
    for name in ("ssh-config", "dns"):
        made[name].add_argument(
            "what", choices=("install", "uninstall"), help="do it, or undo exactly what was done"
        )
    _add_trust(made["trust"])
    made["reset"].add_argument("--yes", action="store_true", help="do not ask")
    made["coverage"].add_argument("service", nargs="?", help="a service such as s3")
    made["coverage"].add_argument("--json", action="store_true", help="print JSON")


def _add_iam(made: dict[str, argparse.ArgumentParser]) -> None:
    explain = made["explain"]
    explain.add_argument(
        "id",
        nargs="?",
        help="an authorization ID, a request id or an encoded message (default: the last denial)",
    )
    explain.add_argument("--principal", metavar="NAME", help="only of this user, role or ARN")
    explain.add_argument(
        "--last", metavar="N", type=_count, default=1, help="the last N (default: 1)"
    )
    explain.add_argument("--allowed", action="store_true", help="what was allowed, and by what")
    explain.add_argument("--json", action="store_true", help="print JSON, a line each")
    kinds = made["iam"].add_subparsers(
        dest="what",
        metavar="WHAT",
        required=True,
        help="mode [enforce|observe|off], or suggest PRINCIPAL [--since WHEN]",
    )
    mode = kinds.add_parser("mode", help="tell or change whether policies are enforced")
    mode.add_argument("mode", nargs="?", choices=IAM_MODES, help="the mode from now on")
    needed = kinds.add_parser("suggest", help="print the least policy for what was done")
    needed.add_argument("principal", metavar="PRINCIPAL", help="a user or role: its name or ARN")
    for kind in (mode, needed):
        # Said here or before the word: either way it is the same.
        kind.add_argument("--port", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    needed.add_argument("--since", metavar="WHEN", help="only what was done since 15m, 2h, a date")


def _add_trust(trust: argparse.ArgumentParser) -> None:
    kinds = trust.add_subparsers(
        dest="what", metavar="WHAT", required=True, help="path [--identity]"
    )
    path = kinds.add_parser("path", help="print the path of a certificate")
    path.add_argument(
        "--identity",
        action="store_true",
        help="of the one that instance identity documents are verified against, in place of the "
        "one that instances trust",
    )
    # Said here or before the word: either way it is the same.
    path.add_argument("--port", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def _add_images(images: argparse.ArgumentParser) -> None:
    kinds = images.add_subparsers(
        dest="what", metavar="WHAT", required=True, help="list, or prepare [IMAGE …|--all]"
    )
    listed = kinds.add_parser("list", help="say which are built, and what they truly are")
    listed.add_argument("--json", action="store_true", help="print JSON")
    prepare = kinds.add_parser("prepare", help="build them, so that no launch has to wait")
    prepare.add_argument("family", metavar="IMAGE", nargs="*", help="such as amazon-linux-2")
    prepare.add_argument(
        "--source", choices=("debian", "host"), help="only from packages, or over the host's /usr"
    )
    prepare.add_argument("--all", action="store_true", help="all that can be built")
    for kind in (listed, prepare):
        kind.add_argument("--port", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Our own words, and those of a command for a machine."""
    if words[:1] != ["shell"] or "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    own, program = _split(words)
    given = build()[0].parse_args(own)
    given.words, given.program = words, program
    module = importlib.import_module(f"cloudling.cli.{given.command.replace('-', '_')}")
    try:
        if given.command not in AS_ROOT:
            privileges.drop()
        status: int = module.run(given)
        sys.stdout.flush()
    except UserError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # What reads us has closed (`cloudling logs | head`): nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status
