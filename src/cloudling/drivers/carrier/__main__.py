"""`python -m cloudling.drivers.carrier`: the carrier itself."""

from __future__ import annotations

import sys

from cloudling.drivers.carrier.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
