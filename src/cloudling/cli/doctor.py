"""`cloudling doctor`: what this machine can and cannot do, with the remedies."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from cloudling.cli import probes
from cloudling.cli.cloud import find
from cloudling.settings import load

if TYPE_CHECKING:
    import argparse

    from cloudling.cli.findings import Finding


def run(given: argparse.Namespace) -> int:
    settings = load({"port": given.port}, config=given.config)
    findings = probes.probe(settings, find(given))
    if given.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print(table(findings))
    return 0 if all(finding.ok or not finding.needed for finding in findings) else 1


def table(findings: list[Finding]) -> str:
    """One line a finding, and its remedy below it where there is one."""
    lines = []
    for finding in findings:
        state = "ok" if finding.ok else "missing"
        lines.append(f"{state:8} {finding.name:18} {finding.detail}")
        if finding.remedy:
            lines.append(f"{'':8} {'':18} → {finding.remedy}")
    return "\n".join(lines)
