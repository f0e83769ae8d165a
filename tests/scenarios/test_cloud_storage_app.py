"""The example's application alone, its S3 answered by botocore's Stubber."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).parents[2] / "examples" / "cloud-storage-api"
BUCKET = "module02-042"


class Application:
    """The Flask test client and the stub behind it."""

    def __init__(self, module: Any, stub: Stubber) -> None:
        self.http = module.app.test_client()
        self.stub = stub

    def ask(self, path: str, **options: Any) -> tuple[int, dict[str, Any]]:
        method = self.http.post if options else self.http.get
        answer = method(path, **options)
        body = answer.get_json()
        assert body["status"] == answer.status_code
        assert list(body)[:2] == ["status", "message"]
        return answer.status_code, body


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    monkeypatch.setenv("BUCKET", BUCKET)
    monkeypatch.setenv("UPLOADS", str(tmp_path / "uploads"))
    monkeypatch.syspath_prepend(EXAMPLE)
    import app
    import s3_funcs

    client = boto3.client(
        "s3", region_name="eu-west-1", aws_access_key_id="AKIA", aws_secret_access_key="x"
    )
    monkeypatch.setattr(s3_funcs, "client", lambda: client)
    with Stubber(client) as stub:
        yield Application(app, stub)
        stub.assert_no_pending_responses()
    client.close()
    del sys.modules["app"], sys.modules["s3_funcs"]


def test_index(application: Application) -> None:
    assert application.ask("/") == (
        200,
        {"status": 200, "message": "Successfully connected to module02 upload/download API"},
    )


def test_list_files_over_pages(application: Application) -> None:
    first = {"IsTruncated": True, "NextContinuationToken": "t", "Contents": [{"Key": "a"}]}
    application.stub.add_response("list_objects_v2", first, {"Bucket": BUCKET})
    application.stub.add_response(
        "list_objects_v2",
        {"IsTruncated": False, "Contents": [{"Key": "b/c"}]},
        {"Bucket": BUCKET, "ContinuationToken": "t"},
    )
    assert application.ask("/list_files") == (
        200,
        {
            "status": 200,
            "message": "Successfully listed files on s3 bucket 'module02-042'",
            "content": ["a", "b/c"],
        },
    )


def test_an_empty_bucket_has_an_empty_list(application: Application) -> None:
    application.stub.add_response("list_objects_v2", {"IsTruncated": False})
    assert application.ask("/list_files")[1]["content"] == []


def test_upload_saves_first_and_then_knows_the_name(
    application: Application, tmp_path: Path
) -> None:
    application.stub.add_response("put_object", {})
    application.stub.add_response("put_object", {})
    said = {
        "status": 200,
        "message": "Successfully uploaded 'hello.txt' to the bucket 'module02-042'",
    }
    sent = {"file": (io.BytesIO(b"hello"), "hello.txt")}
    assert application.ask("/upload", data=sent) == (200, said)
    assert (tmp_path / "uploads" / "hello.txt").read_bytes() == b"hello"
    assert application.ask("/upload", data={"file": "hello.txt"}) == (200, said)


@pytest.mark.parametrize("name", ["nothing.txt", "../secret.txt", "/etc/passwd", "..", ""])
def test_upload_of_what_is_not_there(application: Application, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.txt").write_text("x")
    said = {"status": 404, "message": f"The file '{name}' was not found"}
    assert application.ask("/upload", data={"file": name}) == (404, said)


def test_an_upload_never_leaves_its_directory(application: Application, tmp_path: Path) -> None:
    application.stub.add_response("put_object", {})
    sent = {"file": (io.BytesIO(b"x"), "../../evil.txt")}
    assert application.ask("/upload", data=sent)[0] == 200
    assert [path.name for path in (tmp_path / "uploads").iterdir()] == ["evil.txt"]
    assert not (tmp_path / "evil.txt").exists()


def test_download(application: Application) -> None:
    application.stub.add_response("head_object", {}, {"Bucket": BUCKET, "Key": "a b/c.txt"})
    status, body = application.ask("/download/a%20b/c.txt")
    assert (status, body["message"]) == (
        200,
        "Successfully generated presigned url for 'a b/c.txt'",
    )
    assert "/a%20b/c.txt?" in body["content"]


@pytest.mark.parametrize(
    ("s3_status", "words"),
    [(404, "The file 'x' was not found on the bucket 'module02-042'"), (403, "Forbidden")],
)
def test_download_of_what_s3_refuses(application: Application, s3_status: int, words: str) -> None:
    application.stub.add_client_error("head_object", str(s3_status), "Forbidden", s3_status)
    status, body = application.ask("/download/x")
    assert status == s3_status
    assert words in body["message"]


def test_an_unknown_route_is_json_too(application: Application) -> None:
    assert application.ask("/nowhere")[0] == 404


def test_the_catalogue_is_large_and_always_the_same(tmp_path: Path) -> None:
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for file in files:
        subprocess.run(
            [sys.executable, EXAMPLE / "make_games.py", file], check=True, capture_output=True
        )
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].stat().st_size > 8 * 2**20
    with files[0].open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 17_001
    assert {len(row) for row in rows} == {18}
