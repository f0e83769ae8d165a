"""What a probe found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `needed`: without it nothing works; a remedy may come with an ok."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    needed: bool = False
