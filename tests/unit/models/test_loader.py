"""The shipped models: whole, current, and light to load."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from cloudling.models import loader

ROOT = Path(__file__).parents[3]
DATA = Path(loader.__file__).parent / "data"


def test_services_are_listed_and_loaded_once() -> None:
    assert {"iam", "s3", "sts"} <= set(loader.services())
    assert loader.load("sts") is loader.load("sts")
    with pytest.raises(KeyError):
        loader.load("../patches/s3")


def test_an_operation_is_described() -> None:
    model = loader.load("s3")
    put = model.operations["PutObject"]
    assert (put.method, put.uri, put.status) == ("PUT", "/{Bucket}/{Key+}", 200)
    shape = model.input("PutObject")
    assert shape is not None
    assert shape.get("required") == ["Bucket", "Key"]
    members = dict(model.members(shape))
    assert members["Bucket"].get("location") == "uri"
    assert members["Body"].get("streaming") is True
    assert model.protocols == ("rest-xml",)
    assert model.signing_name == "s3"
    assert loader.load("iam").operations["GetUser"].errors


def test_paginators_name_tokens_limits_and_results() -> None:
    assert loader.load("s3").paginators["ListObjectsV2"] == {
        "input_token": "ContinuationToken",
        "output_token": "NextContinuationToken",
        "limit_key": "MaxKeys",
        "result_key": ["Contents", "CommonPrefixes"],
        "more_results": "IsTruncated",
    }


def test_no_prose_is_shipped() -> None:
    for file in DATA.glob("*.json.gz"):
        assert b'"documentation":' not in gzip.decompress(file.read_bytes())


@pytest.mark.parametrize("service", ["iam", "s3", "sts"])
def test_the_data_is_what_the_tool_writes(service: str) -> None:
    pinned = json.loads(gzip.decompress((DATA / f"{service}.json.gz").read_bytes()))["botocore"]
    if metadata.version("botocore") != pinned:
        pytest.skip(f"The data is of botocore {pinned}, another one is installed here.")
    script = f"import sys; sys.path.insert(0, 'tools'); import gen_models as g; \
sys.stdout.buffer.write(g.pack({service!r}))"
    made = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)
    assert made.stdout == (DATA / f"{service}.json.gz").read_bytes()


def test_nothing_of_botocore_is_imported() -> None:
    script = "import sys; from cloudling.models import loader; loader.load('s3'); \
from cloudling.gateway.protocols import codecs; print('botocore' in sys.modules)"
    made = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "src", capture_output=True, check=True
    )
    assert made.stdout.strip() == b"False"


def test_types_are_generated_and_check() -> None:
    script = "import sys; sys.path.insert(0, 'tools'); import gen_types as g; \
from cloudling.models import loader; print(g.stub(loader.load('sts')))"
    made = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert "'RoleArn': Required[str]" in made.stdout
    assert "'DurationSeconds': NotRequired[int]" in made.stdout
    assert "async def assume_role(self, **request: Unpack[AssumeRoleRequest])" in made.stdout
    compile(made.stdout, "sts.pyi", "exec")
