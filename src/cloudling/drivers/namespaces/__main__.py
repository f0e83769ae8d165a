"""`python -m cloudling.drivers.namespaces`: netd itself, or `probe`: what this machine can do."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    if sys.argv[1:] == ["probe"]:
        from cloudling.drivers.namespaces.probes import report

        sys.exit(report())
    from cloudling.drivers.namespaces.process import main

    sys.exit(main(sys.argv[1:]))
