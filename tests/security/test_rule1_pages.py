"""Security rule 1 in a real browser: what a web page can do to a cloud with keys all know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.raw import Draft, ask, presigned, presigned_by_version_2, signed
from tests.security import chromium
from tests.security.chromium import Browser, Site

from cloudling.gateway import browsers
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(chromium.find() is None, reason="chromium and chromedriver are not here"),
    pytest.mark.slow,
]
OWN = "127.0.0.1"
STACK = "localhost.localstack.cloud"
HTML = b"<!DOCTYPE html><title>stored</title><body>stored page</body>"
FETCH = "const r = await fetch(given.url, given.with); return r.status + ' ' + await r.text();"
BLIND = "const r = await fetch(given.url, given.with); return r.type + ' ' + r.status;"
NO_CORS = {"mode": "no-cors", "credentials": "include"}
SUBMIT = """
document.body.innerHTML = '<iframe name=frame></iframe><form target=frame></form>';
const frame = document.querySelector('iframe'), form = document.querySelector('form');
Object.assign(form, {method: given.method, action: given.url});
for (const [name, value] of Object.entries(given.fields)) {
  const field = document.createElement('input');
  Object.assign(field, {name, value});
  form.append(field);
}
const loaded = new Promise(resolve => { frame.onload = resolve; });
form.submit(); await loaded; return 'sent';
"""
IMAGE = """
return await new Promise(resolve => {
  const image = new Image();
  image.onload = () => resolve('shown ' + image.naturalWidth);
  image.onerror = () => resolve('not shown');
  image.src = given;
});
"""
PICTURE = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)


class World:
    """A cloud, a browser, a site of someone else's, and what has arrived at the cloud."""

    def __init__(self, cloud: RunningCloud, browser: Browser, site: Site) -> None:
        self.cloud = cloud
        self.browser = browser
        self.site = site
        self.arrived: list[tuple[str, bytes]] = []

    def host(self, name: str) -> bytes:
        return f"{name}:{self.cloud.port}".encode()

    def url(self, draft: Draft, name: str = OWN) -> str:
        return f"http://{name}:{self.cloud.port}{draft.target.decode()}"

    def link(self, draft: Draft, name: str = OWN) -> str:
        """An address signed with the well-known key."""
        draft.host = self.host(name)
        return self.url(presigned(draft), name)

    def create_user(self, name: str = OWN) -> str:
        query = b"Action=CreateUser&Version=2010-05-08&UserName=evil"
        return self.link(Draft("GET", query=query, service="iam"), name)

    def signed_fetch(self, draft: Draft, name: str = OWN, **options: Any) -> dict[str, Any]:
        """A fetch signed in its headers with the well-known key."""
        draft.host = self.host(name)
        made = signed(draft)
        headers = {n.decode(): v.decode() for n, v in made.headers if n != b"host"}
        init = {"method": draft.method, "headers": headers, **options}
        if draft.body:
            init["body"] = draft.body.decode()
        return {"url": self.url(draft, name), "with": init}

    def visit(self, name: str) -> None:
        """Open someone else's page, and forget what has arrived."""
        self.browser.open(self.site.url(name))
        self.arrived.clear()

    def open_stored(self, name: str) -> None:
        self.browser.open(self.link(Draft(path=b"/bucket/page.html"), name))
        assert self.browser.text() == "stored page"
        self.arrived.clear()

    def check_unharmed(self) -> None:
        """What was there is there, and no more; and the attempts did arrive."""
        assert self.arrived
        s3, iam = self.cloud.client("s3"), self.cloud.client("iam")
        assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["bucket"]
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket="bucket")["Contents"]]
        assert keys == ["page.html", "picture.gif"]
        assert iam.list_users()["Users"] == []


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    try:
        with pytest.MonkeyPatch.context() as patch, RunningCloud() as cloud, Site() as site:
            made = World(cloud, browser, site)
            admit = browsers.admit

            def noted(request: Any, doors: Any) -> Any:
                if "accept-language" in request.headers or "sec-fetch-mode" in request.headers:
                    made.arrived.append((request.method, request.path))
                return admit(request, doors)

            patch.setattr(browsers, "admit", noted)
            html, gif = [(b"Content-Type", b"text/html")], [(b"Content-Type", b"image/gif")]
            for draft in (
                Draft("PUT", b"/bucket"),
                Draft("PUT", b"/bucket/page.html", headers=html, body=HTML),
                Draft("PUT", b"/bucket/picture.gif", headers=gif, body=PICTURE),
            ):
                assert ask(cloud.port, signed(draft)).status == 200
            yield made
    finally:
        browser.close()


# Pages of other origins


@pytest.mark.parametrize("credentials", ["include", "omit"])
def test_a_fetch_signed_with_the_well_known_key_gets_no_preflight(
    world: World, credentials: str
) -> None:
    world.visit("evil.test")
    for draft in (
        Draft("PUT", b"/evil"),
        Draft("PUT", b"/bucket/evil", body=b"x"),
        Draft("DELETE", b"/bucket/page.html"),
        Draft("GET", b"/bucket/page.html"),
        Draft("GET", b"/"),
    ):
        told = world.browser.run(FETCH, world.signed_fetch(draft, credentials=credentials))
        assert told.startswith("refused: TypeError")
    assert {method for method, _ in world.arrived} == {"OPTIONS"}
    world.check_unharmed()


def test_a_post_without_cors_changes_nothing(world: World) -> None:
    world.visit("evil.test")
    body = "Action=CreateUser&Version=2010-05-08&UserName=evil"
    options = {**NO_CORS, "method": "POST", "body": body}
    options["headers"] = {"Content-Type": "application/x-www-form-urlencoded"}
    post = presigned(Draft("POST", body=body.encode(), service="iam", host=world.host(OWN)))
    for url in (world.url(post), world.url(Draft()), world.create_user()):
        assert world.browser.run(BLIND, {"url": url, "with": options}) == "opaque 0"
    assert ("POST", b"/") in world.arrived
    world.check_unharmed()


def test_a_form_changes_nothing(world: World) -> None:
    world.visit("evil.test")
    fields = {"Action": "CreateUser", "Version": "2010-05-08", "UserName": "evil"}
    for method, url in (
        ("POST", world.create_user()),
        ("POST", world.link(Draft("POST", b"/bucket", b"delete"))),
        ("POST", world.url(Draft())),
        ("GET", world.url(Draft())),
    ):
        given = {"method": method, "url": url, "fields": fields}
        assert world.browser.run(SUBMIT, given) == "sent"
    assert len(world.arrived) == 4
    world.check_unharmed()


def test_an_image_changes_nothing(world: World) -> None:
    world.visit("evil.test")
    for name in (OWN, "localhost", STACK):
        assert world.browser.run(IMAGE, world.create_user(name)) == "not shown"
    assert len(world.arrived) == 3
    world.check_unharmed()


def test_an_image_of_an_object_is_shown(world: World) -> None:
    world.visit("evil.test")
    link = world.link(Draft(path=b"/bucket/picture.gif"))
    assert world.browser.run(IMAGE, link) == "shown 1"


def test_a_presigned_write_changes_nothing(world: World) -> None:
    world.visit("evil.test")
    put = world.link(Draft("PUT", b"/bucket/evil"))
    for options in ({"method": "PUT", "body": "x"}, {"method": "DELETE"}):
        told = world.browser.run(FETCH, {"url": put, "with": options})
        assert told.startswith("refused: TypeError")
    world.check_unharmed()


def test_a_page_reads_no_answer(world: World) -> None:
    world.visit("evil.test")
    for url in (
        world.link(Draft(path=b"/bucket/page.html")),
        world.link(Draft()),
        world.url(Draft(path=b"/_cloudling/health")),
    ):
        told = world.browser.run(FETCH, {"url": url, "with": {}})
        assert told.startswith("refused: TypeError")
    world.check_unharmed()


def test_the_admin_api_hears_no_page(world: World) -> None:
    world.visit("evil.test")
    for path in (b"/_localstack/state/reset", b"/_cloudling/reset", b"/_cloudling/stop"):
        url = world.url(Draft(path=path))
        told = world.browser.run(BLIND, {"url": url, "with": {**NO_CORS, "method": "POST"}})
        assert told == "opaque 0"
    assert len(world.arrived) == 3
    world.check_unharmed()


def test_a_page_without_an_origin_is_no_better(world: World) -> None:
    world.visit(OWN)
    # The site itself is trusted, a sandboxed frame of its has the origin `null`.
    script = """
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-scripts allow-forms';
    const told = new Promise(resolve => {
      window.onmessage = event => { if (event.data.told) resolve(event.data.told); };
    });
    frame.srcdoc = `<script>
      fetch(${JSON.stringify(given.url)}, ${JSON.stringify(given.with)}).then(
        r => 'answered ' + r.status, fault => 'refused: ' + fault
      ).then(told => parent.postMessage({told}, '*'));
    </` + 'script>';
    document.body.append(frame);
    return await told;
    """
    for draft in (Draft("PUT", b"/evil"), Draft("GET", b"/")):
        told = world.browser.run(script, world.signed_fetch(draft))
        assert told.startswith("refused: TypeError")
    world.check_unharmed()


# Rebound names


def test_a_rebound_name_is_refused(world: World) -> None:
    world.browser.open(f"http://rebound.test:{world.cloud.port}/")
    shown = world.browser.text()
    assert "rule Host" in shown
    assert "--hostname rebound.test" in shown
    # There its scripts run in our origin, as far as the browser knows.
    world.arrived.clear()
    for given in (
        world.signed_fetch(Draft("PUT", b"/evil"), "rebound.test"),
        world.signed_fetch(Draft("GET", b"/bucket/page.html"), "rebound.test"),
        {"url": "/_localstack/state/reset", "with": {"method": "POST"}},
        {"url": "/_cloudling/health", "with": {}},
    ):
        told = world.browser.run(FETCH, given)
        assert told.startswith("403 Refused by Cloudling's rule Host")
    world.check_unharmed()


# Stored HTML


@pytest.mark.parametrize("name", [OWN, "localhost", STACK, "bucket.s3." + STACK])
def test_stored_html_changes_nothing(world: World, name: str) -> None:
    if name.startswith("bucket"):
        link = world.link(Draft(path=b"/page.html"), name)
        world.browser.open(link)
        assert world.browser.text() == "stored page"
        world.arrived.clear()
    else:
        world.open_stored(name)
    post = {"method": "POST", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    unsigned = {**post, "body": "Action=CreateUser&Version=2010-05-08&UserName=evil"}
    for given in (
        world.signed_fetch(Draft("PUT", b"/evil"), name),
        world.signed_fetch(Draft("PUT", b"/bucket/evil", body=b"x"), name),
        world.signed_fetch(Draft("DELETE", b"/bucket/page.html"), name),
        world.signed_fetch(Draft("GET", b"/"), name),
        {"url": world.create_user(name), "with": {}},
        {"url": world.create_user(name), "with": post},
        {"url": world.link(Draft("PUT", b"/bucket/evil"), name), "with": {"method": "PUT"}},
        {"url": world.url(Draft(), name), "with": unsigned},
        {"url": "/_localstack/state/reset", "with": {"method": "POST"}},
        {"url": "/_cloudling/stop", "with": {"method": "POST"}},
        {"url": "/_cloudling/status", "with": {}},
    ):
        told = world.browser.run(FETCH, given)
        assert told[0] == "4", (given, told)
    world.check_unharmed()


# Links


@pytest.mark.parametrize("name", [OWN, "localhost", STACK])
def test_a_plain_link_changes_nothing(world: World, name: str) -> None:
    world.visit("evil.test")
    world.browser.click_link(world.create_user(name))
    assert "Refused by Cloudling's rule" in world.browser.text()
    world.check_unharmed()


def test_a_link_without_a_signature_changes_nothing(world: World) -> None:
    world.visit("evil.test")
    query = b"Action=CreateUser&Version=2010-05-08&UserName=evil"
    world.browser.click_link(world.url(Draft(query=query)))
    assert "Refused by Cloudling's rule" in world.browser.text()
    world.check_unharmed()


@pytest.mark.parametrize("name", [OWN, "localhost", STACK])
@pytest.mark.parametrize("version", [4, 2])
def test_presigned_links_clicked_anywhere_work(world: World, name: str, version: int) -> None:
    world.visit("evil.test")
    draft = Draft(path=b"/bucket/page.html", host=world.host(name))
    made = presigned(draft) if version == 4 else presigned_by_version_2(draft)
    world.browser.click_link(world.url(made, name))
    assert world.browser.text() == "stored page"


# Front ends


@pytest.mark.parametrize("page", ["localhost", OWN, "app.localhost"])
@pytest.mark.parametrize("name", [OWN, "localhost"])
def test_a_front_end_on_another_loopback_port_works(world: World, page: str, name: str) -> None:
    world.visit(page)
    tell = "const r = await fetch(given.url, given.with); return [r.status, await r.text(), "
    tell += "r.headers.get('etag'), r.headers.get('x-amz-request-id')];"
    body = b"from a front end"
    put = world.signed_fetch(Draft("PUT", b"/bucket/front", body=body), name)
    get = world.signed_fetch(Draft("GET", b"/bucket/front"), name)
    missing = world.signed_fetch(Draft("GET", b"/bucket/missing"), name)
    delete = world.signed_fetch(Draft("DELETE", b"/bucket/front"), name)
    assert world.browser.run(tell, put)[0] == 200
    status, text, etag, request_id = world.browser.run(tell, get)
    assert (status, text) == (200, body.decode())
    assert etag.startswith('"')
    assert request_id
    assert "NoSuchKey" in world.browser.run(tell, missing)[1]
    assert world.browser.run(tell, delete)[0] == 204
    assert ("OPTIONS", b"/bucket/front") in world.arrived
