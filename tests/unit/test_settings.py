"""Settings: which source wins, what is accepted, and what a wrong one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cloudling import settings
from cloudling.settings import SETTINGS, SettingError, Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def written(folder: Path, text: str) -> Path:
    path = folder / "cloudling.toml"
    path.write_text(text)
    return path


def test_defaults_hold_where_nothing_speaks(tmp_path: Path) -> None:
    found = settings.load({}, {})

    assert found == Settings(data=tmp_path / "data" / "cloudling")
    assert (found.host, found.port, found.iam) == ("127.0.0.1", 4566, "enforce")


def test_flag_wins_over_variable_over_file_over_default(tmp_path: Path) -> None:
    path = written(tmp_path, 'port = 1001\nregion = "eu-west-3"\naccount = "111111111111"')
    environment = {"CLOUDLING_PORT": "1002", "CLOUDLING_REGION": "eu-west-2"}

    found = settings.load({"port": "1003"}, environment, path)

    assert (found.port, found.region, found.account) == (1003, "eu-west-2", "111111111111")


def test_file_of_the_user_is_read_when_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "cloudling"
    folder.mkdir(parents=True)
    written(folder, "access-log = false\nallow-origin = ['http://app.test:3000/']")

    found = settings.load({}, {})

    assert found.access_log is False
    assert found.allow_origin == ("http://app.test:3000",)


def test_every_setting_is_read_from_each_source(tmp_path: Path) -> None:
    samples = {"data": "/srv/cloud", "region": "eu-west-1", "account": "123456789012", "seed": "7"}
    samples |= {
        "host": "::1",
        "port": "8080",
        "hostname": "a.test",
        "allow_origin": "http://a.test",
        "source_ip": "203.0.113.7",
        "host_address": "203.0.113.8",
        "orphan_grace": "30",
        "cache": "/srv/cache",
    }
    for one in SETTINGS:
        text = samples.get(one.field) or (one.kind.choices or ("on",))[-1]
        by_flag = settings.load({one.field: [text] if one.kind.repeats else text}, {})
        by_variable = settings.load({}, {one.variable: text})
        by_file = settings.load({}, {}, written(tmp_path, f'{one.name} = "{text}"'))

        assert by_flag == by_variable == by_file != settings.load({}, {}), one.name


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CLOUDLING_PORT", "0", "CLOUDLING_PORT says '0', which is not a number from 1 to 65535."),
        ("CLOUDLING_PORT", "http", "which is not a number"),
        ("CLOUDLING_IAM", "maybe", "which is not enforce or observe or off."),
        ("CLOUDLING_ACCOUNT", "12345", "which is not twelve digits"),
        ("CLOUDLING_REGION", "europe", "which is not a region"),
        ("CLOUDLING_MEMORY", "perhaps", "which is not on or off"),
        ("CLOUDLING_ALLOW_ORIGIN", "app.test", "which is not an origin"),
        ("CLOUDLING_HOSTNAME", "a b", "which is not a host name"),
        (
            "CLOUDLING_CONFIG",
            "/nowhere.toml",
            "The configuration file /nowhere.toml does not exist",
        ),
    ],
)
def test_wrong_value_is_told_with_its_source(variable: str, value: str, said: str) -> None:
    with pytest.raises(SettingError) as told:
        settings.load({}, {variable: value})

    assert said in str(told.value)
    assert str(told.value).endswith(".")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "There is no setting 'prot'"),
        ("prot = 1", "Did you mean 'port'?"),
        ("access_log = true", "Did you mean 'access-log'?"),
        ("port = 'many'", "port in "),
        ("port = {}", "which is not a number"),
        ("port 1", "cannot be read"),
        ("memory = true\ndata = '/srv'", "Both memory and data are set"),
    ],
)
def test_wrong_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingError, match=said.replace("?", r"\?")):
        settings.load({}, {}, written(tmp_path, text))


def test_data_flag_overrides_memory_from_below(tmp_path: Path) -> None:
    found = settings.load({"data": str(tmp_path)}, {"CLOUDLING_MEMORY": "on"})

    assert not found.memory
    assert found.data == tmp_path


def test_memory_flag_overrides_data_from_below(tmp_path: Path) -> None:
    assert settings.load({"memory": "on"}, {"CLOUDLING_DATA": str(tmp_path)}).memory


def test_names_that_other_tools_set_count_as_host_names() -> None:
    environment = {
        "CLOUDLING_HOSTNAME": "One.test, *.two.test",
        "LOCALSTACK_HOST": "aws.test:4566",
        "HOSTNAME_EXTERNAL": "old.test",
    }

    found = settings.load({}, environment)

    assert found.hostname == ("one.test", "*.two.test", "aws.test", "old.test")


@pytest.mark.parametrize(
    ("host", "keys", "on"),
    [
        ("127.0.0.1", "auto", True),
        ("::1", "auto", True),
        ("localhost", "auto", True),
        ("127.evil.test", "auto", False),
        ("192.0.2.1", "auto", False),
        ("192.0.2.1", "on", True),
        ("127.0.0.1", "off", False),
    ],
)
def test_development_keys_stay_on_loopback_unless_told(host: str, keys: str, on: object) -> None:
    found = settings.load({"host": host, "development_keys": keys}, {})

    assert found.has_development_keys is on
