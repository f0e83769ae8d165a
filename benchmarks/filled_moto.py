"""moto_server with a bucket that is full from the start; run by the Python of moto's environment.

Through its API the keys of the listing would take some minutes.
"""

from __future__ import annotations

import sys

from moto.core import DEFAULT_ACCOUNT_ID  # type: ignore[import-not-found]  # in its own venv
from moto.s3.models import s3_backends  # type: ignore[import-not-found]
from moto.server import main  # type: ignore[import-not-found]


def fill(keys: int) -> None:
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    backend.create_bucket("bench", "us-east-1")
    for number in range(keys):
        backend.put_object("bench", f"key-{number:06}", b"x")


if __name__ == "__main__":
    fill(int(sys.argv[2]))
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
