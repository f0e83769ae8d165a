"""Moments as texts, where filters compare them and answers hold them so."""

from __future__ import annotations

from datetime import UTC, datetime


def text(moment: float) -> str:
    """Such as `2026-11-21T08:30:00.000Z`; EC2 tells whole seconds."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
