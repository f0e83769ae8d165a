"""The system call bpf(2), as far as steering connections needs it: maps, a program, a link."""

from __future__ import annotations

import ctypes
import os
import platform
import struct

LPM_TRIE, SOCKMAP = 11, 15
SK_LOOKUP = 30
_ATTACH_SK_LOOKUP = 36
_SYSCALL = {"x86_64": 321, "aarch64": 280}
_CREATE, _UPDATE, _DELETE, _LOAD, _LINK = 0, 2, 3, 5, 28
_NO_PREALLOCATION = 1
_SIZE = 144
_LOG = 1 << 16

_libc = ctypes.CDLL(None, use_errno=True)


def _call(command: int, attributes: bytes) -> int:
    number = _SYSCALL.get(platform.machine())
    if number is None:
        raise OSError(38, f"bpf is not known on {platform.machine()}.")
    buffer = ctypes.create_string_buffer(attributes.ljust(_SIZE, b"\0"), _SIZE)
    result: int = _libc.syscall(number, command, buffer, _SIZE)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"bpf: {os.strerror(error)}")
    return result


class Map:
    """A table that a program in the kernel reads; it ends with its last descriptor."""

    def __init__(self, kind: int, key: int, value: int, most: int) -> None:
        flags = _NO_PREALLOCATION if kind == LPM_TRIE else 0
        self.descriptor = _call(_CREATE, struct.pack("=5I", kind, key, value, most, flags))

    def put(self, key: bytes, value: bytes) -> None:
        names = ctypes.create_string_buffer(key, len(key))
        values = ctypes.create_string_buffer(value, len(value))
        places = ctypes.addressof(names), ctypes.addressof(values)
        _call(_UPDATE, struct.pack("=I4xQQQ", self.descriptor, *places, 0))

    def remove(self, key: bytes) -> None:
        names = ctypes.create_string_buffer(key, len(key))
        _call(_DELETE, struct.pack("=I4xQQ", self.descriptor, ctypes.addressof(names), 0))

    def close(self) -> None:
        os.close(self.descriptor)


def load(code: bytes) -> int:
    """A program that steers new connections; an OSError ends with what the verifier says."""
    licence = ctypes.create_string_buffer(b"Apache-2.0")
    instructions = ctypes.create_string_buffer(code, len(code))
    log = ctypes.create_string_buffer(_LOG)
    attributes = struct.pack(
        "=IIQQIIQII16sII",
        SK_LOOKUP,
        len(code) // 8,
        ctypes.addressof(instructions),
        ctypes.addressof(licence),
        1,
        _LOG,
        ctypes.addressof(log),
        0,
        0,
        b"cloudling",
        0,
        _ATTACH_SK_LOOKUP,
    )
    try:
        return _call(_LOAD, attributes)
    except OSError as error:
        said = log.value.decode(errors="replace").strip().splitlines()[-3:]
        raise OSError(error.errno, " ".join([error.strerror or "bpf", *said])) from error


def link(program: int, space: int) -> int:
    """Let it steer in a network namespace, for as long as the descriptor is open."""
    return _call(_LINK, struct.pack("=4I", program, space, _ATTACH_SK_LOOKUP, 0))


def instruction(code: int, to: int = 0, of: int = 0, offset: int = 0, value: int = 0) -> bytes:
    return struct.pack("=BBhi", code, of << 4 | to, offset, value)
