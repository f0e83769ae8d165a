"""pyarrow's file system, by the SDK for C++: aws-chunked with trailers over plain HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.wire.programs import MIB

if TYPE_CHECKING:
    from cloudling.testing import RunningCloud

ODD_KEYS = ("a b+c&d", "x%00y", "😀")


def open_files(cloud: RunningCloud, secret: str) -> Any:
    pytest.importorskip("pyarrow", reason="pyarrow is in requirements-wire.lock only.")
    from pyarrow import fs

    return fs.S3FileSystem(
        access_key="test",
        secret_key=secret,
        region="us-east-1",
        scheme="http",
        endpoint_override=cloud.endpoint.removeprefix("http://"),
        allow_bucket_creation=True,
        allow_bucket_deletion=True,
    )


def write(files: Any, path: str, body: bytes) -> None:
    with files.open_output_stream(path) as stream:
        stream.write(body)


def read(files: Any, path: str) -> bytes:
    with files.open_input_file(path) as stream:
        found: bytes = stream.read()
        return found


def test_pyarrow_keeps_files(cloud: RunningCloud) -> None:
    files = open_files(cloud, secret="test")
    from pyarrow import fs

    files.create_dir("arrow")
    large = bytes(range(256)) * (11 * MIB // 256)
    write(files, "arrow/dir/large", large)
    assert read(files, "arrow/dir/large") == large
    with files.open_input_file("arrow/dir/large") as stream:
        assert stream.read_at(10, 300) == large[300:310]
    for key in ODD_KEYS:
        write(files, f"arrow/{key}", key.encode())
        assert read(files, f"arrow/{key}") == key.encode()
    files.copy_file("arrow/x%00y", "arrow/copy")
    files.move("arrow/copy", "arrow/moved")
    found = files.get_file_info(fs.FileSelector("arrow", recursive=True))
    kept = {"dir", "dir/large", "moved", *ODD_KEYS}
    assert {info.path for info in found} == {f"arrow/{key}" for key in kept}
    assert files.get_file_info("arrow/none").type is fs.FileType.NotFound
    files.delete_file("arrow/moved")
    files.delete_dir("arrow")
    assert files.get_file_info("arrow").type is fs.FileType.NotFound


def test_pyarrow_tells_a_wrong_key(cloud: RunningCloud) -> None:
    files = open_files(cloud, secret="wrong")
    with pytest.raises(OSError, match="SIGNATURE_DOES_NOT_MATCH"):
        write(files, "arrow-wrong/key", b"x")
