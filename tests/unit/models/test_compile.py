"""The cache of compiled code: ours only, whole only, and never in the way."""

from __future__ import annotations

import marshal
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloudling.models import compile as compiling
from cloudling.models.compile import Cache, Module


class Source:
    """Source that counts how often it was written."""

    def __init__(self, text: str = "x = 1") -> None:
        self.text = text
        self.written = 0

    def __call__(self) -> str:
        self.written += 1
        return self.text


def value(cache: Cache, source: Source, *ingredients: str) -> object:
    return compiling.run(cache.code("name", ingredients, source), {})["x"]


def only_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_code_is_written_once(tmp_path: Path) -> None:
    source = Source()
    assert value(Cache(tmp_path / "codecs"), source, "a") == 1
    assert value(Cache(tmp_path / "codecs"), source, "a") == 1
    assert source.written == 1
    assert stat.S_IMODE((tmp_path / "codecs").stat().st_mode) == 0o700
    assert stat.S_IMODE(only_file(tmp_path / "codecs").stat().st_mode) == 0o600


def test_other_ingredients_make_other_code(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    tmp_path.chmod(0o700)
    assert value(cache, Source("x = 1"), "a", "b") == 1
    assert value(cache, Source("x = 2"), "ab") == 2
    assert value(cache, Source("x = 3"), "a", "c") == 3


def test_without_a_folder_nothing_is_kept() -> None:
    source, cache = Source(), Cache(None)
    assert value(cache, source) == value(cache, source) == 1
    assert source.written == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"x", compiling.SIGNATURE, compiling.SIGNATURE + bytes(16) + marshal.dumps(42)],
)
def test_broken_files_are_replaced(tmp_path: Path, content: bytes) -> None:
    cache = Cache(tmp_path / "c")
    value(cache, Source())
    file = only_file(tmp_path / "c")
    whole = file.read_bytes()
    file.write_bytes(content)
    source = Source()
    assert value(cache, source) == 1
    assert source.written == 1
    assert file.read_bytes() == whole


def test_what_is_whole_but_no_code_is_not_run(tmp_path: Path) -> None:
    cache, source = Cache(tmp_path / "c"), Source()
    value(cache, Source())
    only_file(tmp_path / "c").write_bytes(compiling._sealed(marshal.dumps(42)))
    assert value(cache, source) == 1
    assert source.written == 1


def test_files_that_others_may_write_are_not_read(tmp_path: Path) -> None:
    cache, source = Cache(tmp_path / "c"), Source()
    value(cache, Source("x = 6"))
    only_file(tmp_path / "c").chmod(0o666)
    assert value(cache, source) == 1


def test_links_are_not_followed(tmp_path: Path) -> None:
    cache, source = Cache(tmp_path / "c"), Source()
    value(cache, Source("x = 6"))
    file = only_file(tmp_path / "c")
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert value(cache, source) == 1


def test_folders_that_others_may_write_are_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    folder.chmod(0o777)
    assert value(Cache(folder), Source()) == 1
    assert not list(folder.iterdir())


def test_a_folder_that_cannot_be_made_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert value(Cache(tmp_path / "file" / "codecs"), Source()) == 1


def test_many_writers_leave_one_whole_file(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: value(cache, Source()), range(64))) == {1}
    assert compiling._read(only_file(tmp_path / "c")) is not None


def test_the_default_folder_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiling.default_folder() == tmp_path / "cloudling" / "codecs"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert compiling.default_folder() == Path.home() / ".cache" / "cloudling" / "codecs"


def test_a_function_is_written_once_even_if_it_calls_itself() -> None:
    module = Module()

    def write(name: str) -> list[str]:
        again = module.function("tree", write)
        return [f"def {name}(n):", f"    return n and 1 + {again}(n - 1)"]

    name = module.function("tree", write)
    made = compiling.run(compile(module.source(), "test", "exec"), {})
    assert made[name](3) == 3
