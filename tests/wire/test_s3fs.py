"""s3fs: a file system over aiobotocore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.wire.programs import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.testing import RunningCloud

ODD_KEYS = ("../../x", "a//b", "x%00y", "😀/ü")
REASON = "s3fs is in requirements-wire.lock only."


@pytest.fixture
def s3fs() -> Any:
    return pytest.importorskip("s3fs", reason=REASON)


@pytest.fixture
def files(s3fs: Any, cloud: RunningCloud) -> Iterator[Any]:
    made = s3fs.S3FileSystem(
        key="test", secret="test", endpoint_url=cloud.endpoint, skip_instance_cache=True
    )
    made.connect()
    yield made
    s3fs.S3FileSystem.close_session(made.loop, made.s3)


def test_s3fs_keeps_files(files: Any) -> None:
    files.mkdir("s3fs")
    large = bytes(range(256)) * (11 * MIB // 256)
    with files.open("s3fs/dir/large", "wb", block_size=5 * MIB) as stream:
        stream.write(large)
    for key in ODD_KEYS:
        files.pipe_file(f"s3fs/{key}", key.encode())
        assert files.cat_file(f"s3fs/{key}", start=1, end=3) == key.encode()[1:3]
    files.touch("s3fs/empty")
    files.copy("s3fs/dir/large", "s3fs/copy")
    assert files.cat("s3fs/copy") == large
    kept = {"dir/large", "empty", "copy", *ODD_KEYS}
    assert set(files.find("s3fs")) == {f"s3fs/{key}" for key in kept}
    assert files.info("s3fs/copy")["size"] == len(large)
    assert not files.exists("s3fs/none")
    assert not files.exists("there-is-none")
    files.rm("s3fs", recursive=True)
    assert not files.exists("s3fs")


def test_s3fs_tells_refusals(s3fs: Any, files: Any, cloud: RunningCloud) -> None:
    with pytest.raises(FileNotFoundError):
        files.ls("there-is-none")
    wrong = s3fs.S3FileSystem(
        key="test", secret="wrong", endpoint_url=cloud.endpoint, skip_instance_cache=True
    )
    with pytest.raises(PermissionError):
        wrong.ls("")
    s3fs.S3FileSystem.close_session(wrong.loop, wrong.s3)
