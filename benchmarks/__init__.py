"""How fast Cloudling is, beside its peers and the limit, on the machine at hand."""

import sys
from pathlib import Path

# One case measures a part of Cloudling in this process, installed or not.
sys.path.append(str(Path(__file__).parent.parent / "src"))
