"""What pages and links may do to a cloud whose keys everybody knows."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.gateway.browsers import (
    AccessForbidden,
    Attempt,
    BadRequest,
    Doors,
    Refusal,
    RefusalLog,
    Trust,
    admit,
    cors_headers,
    is_private_path,
    needs_review,
    preflight_headers,
    review,
)
from cloudling.gateway.hosts import AcceptedNames
from cloudling.gateway.messages import Request

DOORS = Doors()
NO_CORS = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}
EVIL = {"origin": "http://evil.test", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}


def head(
    host: str | None = "127.0.0.1:4566",
    method: str = "GET",
    path: bytes = b"/bucket/key",
    secure: bool = False,
    **headers: str,
) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if host is not None:
        named["host"] = host
    return Request(method, path, b"", named, cast("Any", None), secure=secure)


def attempt(operation: str = "CreateUser", **changes: Any) -> Attempt:
    facts: dict[str, Any] = {
        "method": "POST",
        "access_level": "Write",
        "signed": "header",
        "well_known_key": True,
    }
    return Attempt(operation, **(facts | changes))


GET_OBJECT: dict[str, Any] = {
    "operation": "GetObject",
    "method": "GET",
    "access_level": "Read",
    "signed": "query",
    "own_cors": True,
    "reads_object": True,
}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Trust.CLIENT),
        ({"host": "localhost:4566", "sec_fetch_site": "none"}, Trust.CLIENT),
        # Node's fetch.
        ({"sec_fetch_mode": "cors", "accept_language": "*"}, Trust.CLIENT),
        ({"host": None}, Trust.CLIENT),
        ({"origin": "http://localhost:3000"}, Trust.TRUSTED_PAGE),
        ({"origin": "https://127.0.0.1:8443"}, Trust.TRUSTED_PAGE),
        ({"origin": "http://[::1]:5173", "sec_fetch_site": "cross-site"}, Trust.TRUSTED_PAGE),
        ({"origin": "http://localhost"}, Trust.TRUSTED_PAGE),
        ({"origin": "http://app.localhost:3000"}, Trust.TRUSTED_PAGE),
        ({"origin": "http://localhost:3000", "path": b"/_cloudling/x"}, Trust.TRUSTED_PAGE),
        ({"origin": "null"}, Trust.PAGE),
        ({"origin": ""}, Trust.PAGE),
        ({"origin": "http://evil.test"}, Trust.PAGE),
        ({"origin": "http://evil.test:3000"}, Trust.PAGE),
        ({"origin": "http://localhost.evil.test:3000"}, Trust.PAGE),
        ({"origin": "http://10.0.0.7:3000"}, Trust.PAGE),
        ({"origin": "http://localhost:3000,http://evil.test"}, Trust.PAGE),
        ({"origin": "http://localhost:3000/"}, Trust.PAGE),
        ({"origin": "http://evil.test@localhost:3000"}, Trust.PAGE),
        ({"origin": "file://"}, Trust.PAGE),
        ({"origin": "chrome-extension://localhost"}, Trust.PAGE),
        # Pages that are stored here: our own data origin, however it is written or forwarded.
        ({"origin": "http://127.0.0.1:4566"}, Trust.PAGE),
        ({"origin": "http://localhost:4566"}, Trust.PAGE),
        ({"origin": "http://bucket.localhost:4566"}, Trust.PAGE),
        ({"origin": "https://localhost:4566"}, Trust.PAGE),
        ({"origin": "http://localhost:8080", "host": "127.0.0.1:8080"}, Trust.PAGE),
        ({"origin": "http://localhost", "host": "127.0.0.1"}, Trust.PAGE),
        ({"origin": "http://localhost:3000", "sec_fetch_site": "same-origin"}, Trust.PAGE),
        ({"sec_fetch_site": "same-origin", "sec_fetch_mode": "cors"}, Trust.PAGE),
        ({"sec_fetch_site": "same-site"}, Trust.PAGE),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, Trust.SHOWING),
        (
            {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "method": "POST"},
            Trust.PAGE,
        ),
        (
            {
                "sec_fetch_site": "cross-site",
                "sec_fetch_mode": "no-cors",
                "sec_fetch_dest": "image",
            },
            Trust.SHOWING,
        ),
        (
            {
                "sec_fetch_site": "cross-site",
                "sec_fetch_mode": "no-cors",
                "sec_fetch_dest": "script",
            },
            Trust.PAGE,
        ),
        (
            {"sec_fetch_site": "cross-site", "sec_fetch_mode": "cors", "sec_fetch_dest": "image"},
            Trust.PAGE,
        ),
        # Where browsers say nothing of pages.
        ({"host": "localhost.localstack.cloud:4566", "accept_language": "de"}, Trust.LINK),
        ({"host": "10.0.0.7:4566", "accept_language": ""}, Trust.LINK),
        ({"host": "10.0.0.7:4566"}, Trust.CLIENT),
        ({"host": "10.0.0.7:4566", "accept_language": "de", "secure": True}, Trust.CLIENT),
        ({"host": "[::1]:4566", "accept_language": "de"}, Trust.CLIENT),
        (
            {
                "host": "localhost.localstack.cloud:4566",
                "accept_language": "*",
                "sec_fetch_mode": "cors",
            },
            Trust.CLIENT,
        ),
    ],
)
def test_whom_a_head_comes_from(headers: dict[str, Any], expected: Trust) -> None:
    assert admit(head(**headers), DOORS) is expected


@pytest.mark.parametrize("host", ["evil.test", "evil.test:4566", "", "a b", "127.0.0.1,evil.test"])
@pytest.mark.parametrize("headers", [{}, {"origin": "http://localhost:3000"}])
def test_a_rebound_name_is_refused(host: str, headers: dict[str, str]) -> None:
    refusal = admit(head(host, **headers), DOORS)
    assert isinstance(refusal, Refusal)
    assert refusal.rule == "Host"
    assert "--hostname" in refusal.text


def test_the_consoles_origin_serves_no_data() -> None:
    refusal = admit(head("console.localhost:4566"), DOORS)
    assert isinstance(refusal, Refusal)
    assert refusal.rule == "Host"
    assert admit(head("console.localhost:4566", path=b"/_cloudling/x"), DOORS) is Trust.CLIENT


@pytest.mark.parametrize(
    "path", [b"/_cloudling", b"/_cloudling/", b"/_cloudling/health", b"/_localstack/state/reset"]
)
@pytest.mark.parametrize(
    "headers",
    [
        EVIL,
        {"origin": "http://127.0.0.1:4566"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "same-origin"},
    ],
)
def test_pages_are_kept_from_the_admin_paths(path: bytes, headers: dict[str, str]) -> None:
    assert is_private_path(path)
    refusal = admit(head(path=path, **headers), DOORS)
    assert isinstance(refusal, Refusal)
    assert refusal.rule == "Pages"
    assert "--allow-origin" in refusal.text


@pytest.mark.parametrize("path", [b"/", b"/_cloudlings", b"/x/_cloudling", b"//_cloudling", b"*"])
def test_other_paths_are_not_private(path: bytes) -> None:
    assert not is_private_path(path)
    assert admit(head(path=path, **EVIL), DOORS) is Trust.PAGE


def test_allowed_origins() -> None:
    names = AcceptedNames.of(["cloud.test"])
    doors = Doors.of(names, ["https://App.Example.test", "http://cloud.test:4566"], [4566])
    assert admit(head(origin="https://app.example.test"), doors) is Trust.TRUSTED_PAGE
    assert admit(head(origin="https://app.example.test:443"), doors) is Trust.TRUSTED_PAGE
    assert admit(head(origin="https://app.example.test:444"), doors) is Trust.PAGE
    assert admit(head(origin="http://app.example.test"), doors) is Trust.PAGE
    assert admit(head(origin="http://cloud.test:4566"), doors) is Trust.PAGE


@pytest.mark.parametrize("text", ["*", "null", "https://*.test", "app.test", "https://a.test/x"])
def test_what_is_no_single_origin_cannot_be_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be allowed"):
        Doors.of(AcceptedNames(), [text], [4566])


PAGES = (Trust.PAGE, Trust.SHOWING)


@pytest.mark.parametrize(
    ("trust", "changes", "rule"),
    [
        (Trust.CLIENT, {}, None),
        (Trust.TRUSTED_PAGE, {}, None),
        (Trust.PAGE, {}, "Pages"),
        (Trust.PAGE, {"well_known_key": False}, "Pages"),
        (Trust.PAGE, {"well_known_key": False, "own_cors": True}, None),
        (Trust.PAGE, {"well_known_key": False, "own_cors": True, "signed": "none"}, None),
        (Trust.PAGE, {"own_cors": True, "signed": "form", "operation": "PostObject"}, "Pages"),
        (Trust.PAGE, GET_OBJECT, "Pages"),
        (Trust.SHOWING, GET_OBJECT, None),
        (Trust.SHOWING, GET_OBJECT | {"method": "HEAD"}, None),
        (Trust.SHOWING, GET_OBJECT | {"reads_object": False}, "Pages"),
        (Trust.SHOWING, {"well_known_key": False, "method": "GET"}, "Pages"),
        (Trust.SHOWING, GET_OBJECT | {"well_known_key": False}, None),
        (Trust.CLIENT, GET_OBJECT, None),
        (Trust.LINK, GET_OBJECT, None),
        (Trust.LINK, GET_OBJECT | {"signed": "header"}, "Links"),
        (Trust.LINK, GET_OBJECT | {"signed": "header", "well_known_key": False}, None),
        (Trust.LINK, {"method": "GET", "signed": "header"}, "Links"),
        (Trust.CLIENT, {"method": "GET", "signed": "query"}, "Links"),
        (Trust.TRUSTED_PAGE, {"method": "HEAD", "signed": "query"}, "Links"),
        (Trust.CLIENT, {"method": "GET", "signed": "query", "access_level": "List"}, None),
        (Trust.CLIENT, {"method": "GET", "signed": "query", "access_level": "Tagging"}, "Links"),
        (Trust.CLIENT, {"method": "GET", "signed": "query", "well_known_key": False}, None),
        (Trust.CLIENT, {"method": "PUT", "signed": "query"}, None),
        (Trust.CLIENT, {"method": "GET", "signed": "header"}, None),
        (Trust.CLIENT, {"method": "GET", "signed": "none", "well_known_key": False}, "Links"),
        (
            Trust.CLIENT,
            {"method": "GET", "signed": "none", "well_known_key": False, "secret_token": True},
            None,
        ),
        (
            Trust.CLIENT,
            {"method": "GET", "signed": "none", "well_known_key": False, "access_level": "Read"},
            None,
        ),
    ],
)
def test_what_an_operation_may(trust: Trust, changes: dict[str, Any], rule: str | None) -> None:
    asked = attempt(**changes)
    refusal = review(trust, asked, EVIL)
    assert (refusal.rule if refusal else None) == rule
    if refusal:
        assert needs_review(trust, asked.method, asked.signed)
        assert "--" in refusal.text


attempts = st.builds(
    Attempt,
    operation=st.just("Act"),
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE"]),
    access_level=st.sampled_from(
        ["Read", "List", "Write", "Tagging", "Permissions management", "Unknown"]
    ),
    signed=st.sampled_from(["none", "header", "query", "form"]),
    well_known_key=st.booleans(),
    own_cors=st.booleans(),
    reads_object=st.booleans(),
    secret_token=st.booleans(),
)


@given(st.sampled_from(Trust), attempts)
def test_what_needs_no_review_is_never_refused(trust: Trust, asked: Attempt) -> None:
    if not needs_review(trust, asked.method, asked.signed):
        assert review(trust, asked, {}) is None


@given(st.sampled_from(PAGES), attempts)
def test_no_page_uses_a_well_known_key_but_to_show_an_object(trust: Trust, asked: Attempt) -> None:
    if asked.well_known_key and review(trust, asked, {}) is None:
        assert trust is Trust.SHOWING
        assert asked.reads_object


@given(st.dictionaries(st.sampled_from(["host", "origin", "sec-fetch-site"]), st.text()))
def test_no_header_breaks_the_judge(headers: dict[str, str]) -> None:
    request = head(None)
    request.headers.update(headers)
    judged = admit(request, DOORS)
    assert isinstance(judged, Trust) or judged.response().status == 403


def test_a_refusal_is_plain_text_that_echoes_nothing_live() -> None:
    refusal = admit(head("<script>\x7f\xff" + "x" * 500), DOORS)
    assert isinstance(refusal, Refusal)
    response = refusal.response()
    assert (response.status, response.close) == (403, True)
    assert dict(response.headers) == {
        "Content-Type": "text/plain; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
    }
    assert isinstance(response.body, bytes)
    assert response.body.isascii()
    assert len(response.body) < 600


def test_each_name_is_logged_once_and_not_without_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    log = RefusalLog(limit=3)
    for name in ["a.test", "a.test:80", "b.test", "a.test", "c.test", "d.test", "e.test"]:
        refusal = admit(head(name), DOORS)
        assert isinstance(refusal, Refusal)
        log.note(refusal)
    assert [record.getMessage().split()[2] for record in caplog.records] == [
        "name=a.test",
        "name=b.test",
        "name=c.test",
    ]


def test_a_trusted_page_gets_its_preflight() -> None:
    headers = {
        "origin": "http://localhost:3000",
        "access-control-request-method": "PUT",
        "access-control-request-headers": "authorization,x-amz-date",
        "access-control-request-private-network": "true",
    }
    granted = dict(preflight_headers(Trust.TRUSTED_PAGE, headers))
    assert granted == {
        "Access-Control-Allow-Methods": "DELETE, GET, HEAD, PATCH, POST, PUT",
        "Access-Control-Allow-Headers": "authorization,x-amz-date",
        "Access-Control-Allow-Private-Network": "true",
        "Access-Control-Max-Age": "600",
    }


@pytest.mark.parametrize("trust", [Trust.PAGE, Trust.SHOWING, Trust.CLIENT, Trust.LINK])
def test_other_pages_get_the_answer_of_a_bucket_without_cors(trust: Trust) -> None:
    headers = {"origin": "http://evil.test", "access-control-request-method": "PUT"}
    with pytest.raises(AccessForbidden) as refused:
        preflight_headers(trust, headers)
    error = refused.value
    assert (error.error_code, error.http_status) == ("AccessForbidden", 403)
    assert error.text == "CORSResponse: CORS is not enabled for this bucket."
    assert error.fields == {"Method": "PUT", "ResourceType": "BUCKET"}


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, "Insufficient information. Origin request header needed."),
        ({"origin": "http://localhost:3000"}, "Invalid Access-Control-Request-Method: null"),
    ],
)
def test_options_that_is_no_preflight(headers: dict[str, str], text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        preflight_headers(Trust.TRUSTED_PAGE, headers)
    assert (refused.value.text, refused.value.http_status) == (text, 400)


def test_answers_to_trusted_pages_are_readable() -> None:
    assert ("Access-Control-Allow-Origin", "http://localhost:3000") in cors_headers(
        "http://localhost:3000"
    )
