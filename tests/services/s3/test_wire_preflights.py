"""Preflights of pages nobody trusts are answered as for a bucket without CORS."""

from __future__ import annotations

import http.client
import re

from cloudling.testing import RunningCloud

ASKED = {"Origin": "http://page.test", "Access-Control-Request-Method": "PUT"}


def test_a_foreign_page_gets_s3s_no() -> None:
    with RunningCloud() as cloud:
        line = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=20)
        line.request("OPTIONS", "/shelf/key", headers=ASKED)
        answer = line.getresponse()
        body = answer.read().decode()
        line.close()
    assert answer.status == 403
    assert "<Code>AccessForbidden</Code>" in body
    assert re.fullmatch(r"[0-9A-F]{16}", answer.headers["x-amz-request-id"])
    assert answer.headers["x-amz-request-id"] in body
