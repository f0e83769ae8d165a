"""The program that ssh runs for its way to a machine; `cloudling ssh-config install` names it.

It is started for each connection, so it is a script that imports nothing of ours. Called by ssh
it hands over a connected socket and ends; called by another program it carries the bytes itself.
"""

from __future__ import annotations

import os
import socket
import stat
import sys

_PATIENCE = 40.0
_CHUNK = 1 << 16
_PUBLIC = "ec2-127-"


def main(arguments: list[str]) -> int:
    """Reach HOST at PORT; KNOWN is the file of the host keys that ssh trusts there."""
    host, port, known = arguments[1], int(arguments[2]), arguments[3]
    try:
        end, machine = find(host, port)
    except OSError as fault:
        reason = fault.strerror or str(fault)
        sys.stderr.write(f"cloudling: connect to host {host} port {port}: {reason}\n")
        return 1
    if machine:
        forget_another(known, host if port == 22 else f"[{host}]:{port}", machine)
    if stat.S_ISSOCK(os.fstat(1).st_mode):
        hand_over(end)
    else:
        carry(end)
    return 0


def folders(user: int) -> list[str]:
    """Where this user's clouds have their entrances."""
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    found = [f"{base}/cloudling"] if base.startswith("/") else []
    return [*found, f"/run/user/{user}/cloudling", f"/tmp/cloudling-{user}"]  # noqa: S108 - our own


def address_of(host: str) -> str:
    """The public address that a public name says; other names as they are."""
    if host.startswith(_PUBLIC):
        return host[len("ec2-") :].partition(".")[0].replace("-", ".")
    return host


def entrances(user: int) -> list[str]:
    """The sockets of all clouds of this user."""
    found = []
    for folder in dict.fromkeys(folders(user)):
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 - `pathlib` costs a third of the start
            is_theirs = os.stat(folder).st_uid == user  # noqa: PTH116 - likewise
        except OSError:
            continue
        if is_theirs:
            found += [
                f"{folder}/{name}"
                for name in names
                if name.startswith("127.") and name.endswith(".sock")
            ]
    return found


def may_have(entrance: str, address: str) -> bool:
    """A machine can be any cloud's, an address only that of the cloud with its block."""
    block = entrance.rpartition("/")[2][: -len("sock")]
    return address.startswith(("i-", block))


def ask(entrance: str, question: str) -> tuple[socket.socket, str]:
    """The connection, and the line that answers; raises OSError."""
    end = socket.socket(socket.AF_UNIX)
    try:
        end.settimeout(_PATIENCE)
        end.connect(entrance)
        end.sendall(f"{question}\n".encode())
        return end, read_line(end)
    except OSError:
        end.close()
        raise


def find(host: str, port: int) -> tuple[socket.socket, str]:
    """A connection, and the machine behind it where a cloud of this user's knows it."""
    address = address_of(host)
    refusal = ""
    for entrance in entrances(os.getuid()):
        if not may_have(entrance, address):
            continue
        try:
            end, line = ask(entrance, f"connect {host} {port}")
        except OSError:
            continue
        word, _, rest = line.partition(" ")
        if word == "ok":
            end.settimeout(None)
            return end, rest
        end.close()
        refusal = rest or "it answers nothing"
    if refusal:
        raise OSError(refusal)
    if address.startswith("i-"):
        raise OSError("No cloud of this user's runs, so that there is no such machine.")
    end = socket.create_connection((address, port), _PATIENCE)
    end.settimeout(None)
    return end, ""


def read_line(end: socket.socket) -> str:
    """Byte by byte: what follows is ssh's."""
    line = b""
    while not line.endswith(b"\n") and len(line) < 1000:
        byte = end.recv(1)
        if not byte:
            break
        line += byte
    return line.decode("utf-8", "replace").strip()


def forget_another(known: str, name: str, machine: str) -> None:
    """Forget the key of a machine that had this address before.

    Addresses go from machine to machine, and ssh would take that for an attack. A key that
    changes while the machine stays the same is still refused.
    """
    import fcntl  # noqa: PLC0415 - not needed where no cloud answers

    descriptor = os.open(f"{known}.machines", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        machines = dict(line.split(" ", 1) for line in file.read().splitlines() if " " in line)
        if machines.get(name) == machine:
            return
        if name in machines:
            drop(known, name)
        machines[name] = machine
        file.seek(0)
        file.writelines(f"{each} {machines[each]}\n" for each in machines)
        file.truncate()


def drop(known: str, name: str) -> None:
    """Take the lines of a host out of the file of known hosts."""
    try:
        with open(known, "rb") as file:  # noqa: PTH123 - `pathlib` costs a third of the start
            lines = file.readlines()
    except FileNotFoundError:
        return
    kept = [line for line in lines if name.encode() not in line.split(b" ", 1)[0].split(b",")]
    descriptor = os.open(f"{known}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(kept)
    os.replace(f"{known}.new", known)  # noqa: PTH105 - as above


def hand_over(end: socket.socket) -> None:
    """Give the socket to ssh itself (`ProxyUseFdpass`)."""
    with socket.socket(fileno=os.dup(1)) as parent:
        socket.send_fds(parent, [b"\0"], [end.fileno()])
    end.close()


def carry(end: socket.socket) -> None:
    """What comes in goes to the machine, what it says goes out, until it has said all."""
    import selectors  # noqa: PLC0415 - `socket` has it already

    with selectors.DefaultSelector() as selector:
        selector.register(end, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj == 0:
                    data = os.read(0, _CHUNK)
                    if data:
                        end.sendall(data)
                    else:
                        selector.unregister(0)
                        end.shutdown(socket.SHUT_WR)
                    continue
                data = end.recv(_CHUNK)
                if not data:
                    return
                while data:
                    data = data[os.write(1, data) :]


if __name__ == "__main__":
    sys.exit(main(sys.argv))
