"""`python -m cloudling` is the `cloudling` command."""

from __future__ import annotations

import sys

from cloudling.cli import main

if __name__ == "__main__":
    sys.exit(main())
