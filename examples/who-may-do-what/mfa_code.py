"""What an authenticator application shows: the code of a seed, now or some steps away.

A code is made of the seed and the time in steps of thirty seconds (RFC 6238).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import sys
import time

seed = base64.b32decode(sys.argv[1])
step = int(time.time() // 30) + int(sys.argv[2] if len(sys.argv) > 2 else 0)
mac = hmac.digest(seed, step.to_bytes(8, "big"), hashlib.sha1)
start = mac[-1] & 15
number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
print(f"{number % 1_000_000:06}")
