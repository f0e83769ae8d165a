"""What a machine does once it has its root and its interfaces, as cloud-init does on AWS's.

Some of it is done at every boot, some at the machine's first one only, even where its root was
captured from another machine.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling.drivers.namespaces import accounts
from cloudling.drivers.namespaces.logins import KEY, SERVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.drivers.namespaces.orders import Setup

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# For programs that have a list of authorities of their own, as boto3 has.
_TRUSTING = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")
_KEPT_BY_SUDO = ("AWS_ENDPOINT_URL", *_TRUSTING)
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
)
_ANCHORS = ("/usr/local/share/ca-certificates", "/etc/pki/ca-trust/source/anchors")
_SCRIPTS = Path("/var/lib/cloud/instance/scripts")
LOG = Path("/var/log/cloud-init-output.log")
# Only the ed25519 key: one of RSA takes a third of a second to make.
_MAKE_KEY = f"test -e {KEY} || ssh-keygen -q -t ed25519 -N '' -f {KEY} < /dev/null"
_SERVE = f"{_MAKE_KEY}; exec {SERVER} -D -h {KEY}"


def environment(setup: Setup) -> dict[str, str]:
    """What the first process hands to all that it starts."""
    return {"PATH": PATH, "LANG": "C.UTF-8", **_given(setup)}


def _given(setup: Setup) -> dict[str, str]:
    """What was given, and where the root's authorities lie with those that were given."""
    bundle = next((each for each in _BUNDLES if Path(each).exists()), "")
    if not setup.authorities or not bundle:
        return setup.environment
    return {**dict.fromkeys(_TRUSTING, bundle), **setup.environment}


def prepare(setup: Setup, *, is_first: bool, complain: Callable[[str], None]) -> None:
    """Do all of it; a step that fails is told, and does not keep the others from being done."""
    steps: list[Callable[[Setup], None]] = [
        write_names,
        write_resolver,
        write_environment,
        trust_authorities,
    ]
    if is_first:
        steps += [accounts.ensure, accounts.write_keys, forget_host_keys]
    for step in steps:
        try:
            step(setup)
        except OSError as fault:
            complain(f"cloudling: {step.__name__}: {fault}")


def write_names(setup: Setup) -> None:
    """Its own name leads to its own address without asking anybody."""
    _write("/etc/hostname", f"{setup.hostname}\n")
    # Its name may be whole already, as `hostname` prints it on EC2.
    domain = f".{setup.domain}" if setup.domain else ""
    short = setup.hostname.removesuffix(domain)
    full = f"{short}{domain} " if domain else ""
    own = f"{setup.address or '127.0.1.1'} {full}{short}"
    mark = "# cloudling"
    kept = [line for line in _lines("/etc/hosts") if not line.endswith(mark)]
    if not any(re.match(r"127\.0\.0\.1\s.*\blocalhost\b", line) for line in kept):
        kept.append("127.0.0.1 localhost")
    _write("/etc/hosts", "\n".join([*kept, f"{own} {mark}", ""]))


def write_resolver(setup: Setup) -> None:
    if not setup.resolver:
        return
    search = f"search {setup.domain}\n" if setup.domain else ""
    # An image may have a link there, to where nothing is.
    Path("/etc/resolv.conf").unlink(missing_ok=True)
    _write(
        "/etc/resolv.conf", f"{search}nameserver {setup.resolver}\noptions timeout:2 attempts:5\n"
    )


def write_environment(setup: Setup) -> None:
    """For whoever logs in, and for whoever goes on as root from there."""
    given = _given(setup)
    if given:
        kept = [
            line
            for line in _lines("/etc/environment")
            if line.removeprefix("export ").partition("=")[0].strip() not in given
        ]
        lines = [f'{name}="{value}"' for name, value in sorted(given.items())]
        _write("/etc/environment", "\n".join([*kept, *lines, ""]))
    if Path("/etc/sudoers.d").is_dir():
        keep = f'Defaults env_keep += "{" ".join(_KEPT_BY_SUDO)}"\n'
        _write("/etc/sudoers.d/90-cloudling", keep, 0o440)


def trust_authorities(setup: Setup) -> None:
    """Behind those of the root, in the file that most programs read."""
    if not setup.authorities:
        return
    # Where the link leads is what is written: `/lib` itself may be one.
    found = {str(Path(each).resolve()) for each in _BUNDLES if Path(each).exists()}
    for bundle in sorted(found):
        held = Path(bundle).read_text(encoding="utf-8", errors="surrogateescape")
        if setup.authorities.strip() not in held:
            with Path(bundle).open("a", encoding="utf-8") as file:
                file.write(f"\n{setup.authorities.strip()}\n")
    for folder in _ANCHORS:
        if Path(folder).is_dir():
            _write(f"{folder}/cloudling.crt", f"{setup.authorities.strip()}\n")


def forget_host_keys(setup: Setup) -> None:
    """A machine over another's disk is another machine."""
    del setup
    for each in Path("/etc/ssh").glob("ssh_host_*"):
        each.unlink()


def ssh_server() -> tuple[str, ...]:
    """How to serve logins; where there is a single id, how to get ready for it.

    Empty where OpenSSH is not there.
    """
    if not SERVER.exists():
        return ()
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    return ("/bin/sh", "-c", _SERVE if accounts.has_many_ids() else _MAKE_KEY)


def place_scripts(setup: Setup) -> list[str]:
    """Where the user's scripts lie, to be run in this order."""
    _SCRIPTS.mkdir(mode=0o700, parents=True, exist_ok=True)
    placed = []
    for number, script in enumerate(setup.scripts, 1):
        path = _SCRIPTS / f"part-{number:03}"
        path.unlink(missing_ok=True)
        path.write_bytes(script)
        path.chmod(0o700)
        placed.append(str(path))
    LOG.parent.mkdir(parents=True, exist_ok=True)
    return placed


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return []


def _write(path: str, text: str, mode: int = 0o644) -> None:
    place = Path(path)
    place.write_text(text, encoding="utf-8", errors="surrogateescape")
    place.chmod(mode)
