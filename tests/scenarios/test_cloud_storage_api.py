"""Story S1, its storage half: the tutorial as it stands, and the example's own scripts.

A cloud and the Flask application run as processes of their own; the AWS CLI is the unmodified one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.scenarios.tutorials import PATIENCE, ROOT, Place, a_place, running, type_all

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = ROOT / "examples" / "cloud-storage-api"
BUCKET = "module02-042"
# Longer than the suite's own: a whole tutorial is one test.
pytestmark = pytest.mark.timeout(3 * PATIENCE)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path, "cloud-storage-api") as place:
        yield place


@contextmanager
def running_app(place: Place) -> Iterator[str]:
    """The Flask application with the role's profile; its URL."""
    environment = place.environment | {"BUCKET": BUCKET, "PORT": "0"}
    command = [sys.executable, "app.py"]
    with running(command, "Running on", env=environment, cwd=place.folder) as line:
        yield line.split()[-1]


def fetch(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - our own URLs
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def ask(url: str) -> dict[str, Any]:
    status, body = fetch(url)
    answer: dict[str, Any] = json.loads(body)
    assert answer["status"] == status
    return answer


def upload(place: Place, url: str, option: str) -> dict[str, Any]:
    said = place.print(f"curl --silent --write-out '\\n%{{http_code}}' {option} {url}/upload")
    body, status = said.rsplit("\n", 1)
    answer: dict[str, Any] = json.loads(body)
    assert answer["status"] == int(status)
    return answer


def test_the_tutorial_as_it_is_written(place: Place) -> None:
    with running_app(place) as url:
        type_all(place, "cloud-storage-api", {"http://127.0.0.1:5000": url})


def test_scripts_then_full_access_then_least_privilege(place: Place) -> None:
    place.print("./setup.sh", BUCKET=BUCKET)
    place.print("./setup.sh", BUCKET=BUCKET)
    link = place.print("./aws_presign_url.sh appstore_games.csv", BUCKET=BUCKET).strip()
    assert fetch(link) == (200, (place.folder / "appstore_games.csv").read_bytes())

    with running_app(place) as url:
        check_application(place, url, ["appstore_games.csv"])
        narrow(place)
        check_application(place, url, ["README.md", "appstore_games.csv"])

        refused = place.run("aws s3 ls --profile s3_access")
        assert refused.returncode != 0
        assert "not authorized to perform: s3:ListAllMyBuckets" in refused.stderr
        forget_listing(place)
        assert ask(f"{url}/list_files")["status"] == 403
        assert ask(f"{url}/download/README.md")["status"] == 200
        assert ask(f"{url}/download/nothing.txt")["status"] == 403


def check_application(place: Place, url: str, files: list[str]) -> None:
    """All routes, in their exact words."""
    assert ask(f"{url}/") == {
        "status": 200,
        "message": "Successfully connected to module02 upload/download API",
    }
    assert ask(f"{url}/list_files") == {
        "status": 200,
        "message": f"Successfully listed files on s3 bucket '{BUCKET}'",
        "content": files,
    }
    uploaded = {
        "status": 200,
        "message": f"Successfully uploaded 'README.md' to the bucket '{BUCKET}'",
    }
    assert upload(place, url, "--form file=@README.md") == uploaded
    assert upload(place, url, "--data file=README.md") == uploaded
    assert upload(place, url, "--data file=nothing.txt") == {
        "status": 404,
        "message": "The file 'nothing.txt' was not found",
    }
    given = ask(f"{url}/download/README.md")
    assert given["status"] == 200
    assert given["message"] == "Successfully generated presigned url for 'README.md'"
    assert fetch(given["content"]) == (200, (EXAMPLE / "README.md").read_bytes())
    assert ask(f"{url}/download/nothing.txt") == {
        "status": 404,
        "message": f"The file 'nothing.txt' was not found on the bucket '{BUCKET}'",
    }


def narrow(place: Place) -> None:
    place.print(
        f"sed s/module02-NNN/{BUCKET}/ least_privilege.json > policy.json\n"
        "aws iam put-role-policy --profile module02-admin --role-name s3_access"
        " --policy-name storage-api --policy-document file://policy.json\n"
        "aws iam detach-role-policy --profile module02-admin --role-name s3_access"
        " --policy-arn arn:aws:iam::aws:policy/AmazonS3FullAccess"
    )


def forget_listing(place: Place) -> None:
    policy = json.loads((place.folder / "policy.json").read_text())
    policy["Statement"] = [one for one in policy["Statement"] if one["Action"] != "s3:ListBucket"]
    (place.folder / "policy.json").write_text(json.dumps(policy))
    place.print(
        "aws iam put-role-policy --profile module02-admin --role-name s3_access"
        " --policy-name storage-api --policy-document file://policy.json"
    )


def test_scripts_with_an_old_cli_v2(place: Place, tmp_path: Path) -> None:
    """Debian's CLI 2.9 knows no AWS_ENDPOINT_URL, and signs its links with version 4."""
    found = [path for path in ("/usr/bin/aws", "/usr/local/bin/aws") if is_version_2(path)]
    if not found:
        pytest.skip("no AWS CLI v2 is installed: apt-get install awscli")
    wrapper = tmp_path / "bin" / "aws"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec {found[0]} --endpoint-url "$AWS_ENDPOINT_URL" "$@"\n')
    wrapper.chmod(0o755)
    variables = {
        "BUCKET": BUCKET,
        "PATH": f"{wrapper.parent}{os.pathsep}{place.environment['PATH']}",
        # The CLI runs on the system's Python, which must not find ours.
        "PYTHONPATH": "",
    }
    place.print("./setup.sh", **variables)
    link = place.print("./aws_presign_url.sh appstore_games.csv", **variables).strip()
    assert "X-Amz-Signature" in link
    assert fetch(link) == (200, (place.folder / "appstore_games.csv").read_bytes())


def is_version_2(path: str) -> bool:
    if not Path(path).exists():
        return False
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return said.stdout.startswith("aws-cli/2.")
