"""What commands say: `env` for each shell, `status`, `doctor`, and refusals."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from cloudling.cli import doctor, env, logs, main, probes, status
from cloudling.cli.cloud import Cloud
from cloudling.cli.runtime import Place
from cloudling.kernel.ids import account_of
from cloudling.settings import Settings
from cloudling.testing import RunningCloud

Output = pytest.CaptureFixture[str]


def cloud_of(folder: Path, port: int = 4599) -> Cloud:
    return Cloud(port, Place(folder, port))


def test_env_is_understood_by_a_shell(tmp_path: Path) -> None:
    variables, notes = env.describe(cloud_of(tmp_path), {}, "us-east-1")
    script = env.as_sh(variables, notes) + '\necho "$AWS_ENDPOINT_URL ${AWS_PROFILE-none}"'

    done = subprocess.run(
        ["sh", "-c", script],
        env=os.environ | {"AWS_PROFILE": "work"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "http://127.0.0.1:4599 none\n"
    assert variables["AWS_ACCESS_KEY_ID"] == variables["AWS_SECRET_ACCESS_KEY"] == "test"
    assert variables["BOTO_DISABLE_COMMONNAME"] == variables["AWS_EC2_METADATA_DISABLED"] == "true"


def test_env_without_development_keys_tells_where_the_root_key_is(tmp_path: Path) -> None:
    variables, notes = env.describe(cloud_of(tmp_path), {"development_keys": False}, "us-east-1")

    assert "AWS_ACCESS_KEY_ID" not in variables
    assert "the root key was shown once" in " ".join(notes)


def test_env_of_an_account_signs_as_its_root(tmp_path: Path) -> None:
    with RunningCloud(development_keys="off") as running:
        cloud = cloud_of(tmp_path, running.port)
        cloud.place.claim("127.0.0.1", running.app.token)
        keys = env.root_of(cloud, "444455556666")
        assert env.root_of(cloud, "444455556666") == keys
    assert account_of(keys["AWS_ACCESS_KEY_ID"]) == "444455556666"
    assert len(keys["AWS_SECRET_ACCESS_KEY"]) == 40


@pytest.mark.parametrize("count", ["0", "-1", "9999999", "x"])
def test_explain_shows_some(count: str, port: int, capfd: Output) -> None:
    with pytest.raises(SystemExit):
        main(["explain", "--last", count, f"--port={port}"])

    assert "--last" in capfd.readouterr().err


@pytest.mark.parametrize("account", ["12", "prod", "1111222233334"])
def test_env_of_no_account(account: str, port: int, capfd: Output) -> None:
    assert main(["env", f"--account={account}", f"--port={port}"]) == 1

    assert f"--account {account} names no account." in capfd.readouterr().err


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("sh", "export AWS_REGION=us-east-1"),
        ("fish", "set -gx AWS_REGION us-east-1"),
        ("powershell", "$Env:AWS_REGION = 'us-east-1'"),
    ],
)
def test_env_speaks_each_shell(shell: str, line: str, port: int, capfd: Output) -> None:
    assert main(["env", "--shell", shell, f"--port={port}"]) == 0

    said = capfd.readouterr()
    assert line in said.out.splitlines()
    assert f"Nothing answers on port {port} yet" in said.err


def test_env_as_json(port: int, capfd: Output) -> None:
    main(["env", "--shell", "json", f"--port={port}"])

    found = json.loads(capfd.readouterr().out)
    assert found["set"]["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{port}"
    assert found["unset"] == ["AWS_PROFILE", "AWS_SESSION_TOKEN"]


@pytest.mark.parametrize("command", [["status"], ["logs", "--access"], ["reset", "--yes"]])
def test_commands_say_where_no_cloud_answers(command: list[str], port: int, capfd: Output) -> None:
    assert main([*command, f"--port={port}"]) == 1
    assert f"No cloud answers on port {port}." in capfd.readouterr().err


def test_logs_say_where_there_are_none(port: int, capfd: Output) -> None:
    assert main(["logs", f"--port={port}"]) == 1
    assert f"There is no log of a cloud on port {port}" in capfd.readouterr().err


def test_log_is_followed_as_it_grows_and_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "cloud.log"
    path.write_text("one\ntwo\nthree\n")
    lines = logs.written(path, 2, follow=True)

    assert [next(lines), next(lines)] == ["two", "three"]
    with path.open("a") as file:
        file.write("four\n")
    assert next(lines) == "four"
    path.write_text("new\n")
    assert next(lines) == "new"
    lines.close()


def test_reset_is_not_done_unasked(
    port: int, monkeypatch: pytest.MonkeyPatch, capfd: Output
) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert main(["reset", f"--port={port}"]) == 1

    assert "Say --yes" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7265, "2 h 1 min"), (90000, "1 d 1 h")],
)
def test_durations(seconds: float, words: str) -> None:
    assert status.duration(seconds) == words


def test_doctor_prints_a_line_a_finding(tmp_path: Path) -> None:
    found = probes.probe(Settings(port=4599, data=tmp_path / "a" / "b"), cloud_of(tmp_path))

    lines = doctor.table(found).splitlines()

    assert {line.split()[0] for line in lines} <= {"ok", "missing", "→"}
    assert [one.name for one in found][:3] == ["python", "port 4599", "data folder"]
    assert all(one.remedy for one in found if not one.ok)


def test_doctor_fails_where_the_port_is_taken(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(probes, "aws_cli", lambda *_: probes.Finding("aws CLI", True, ""))
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert main(["doctor", f"--port={port}"]) == 1


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("aws-cli/2.9.19 Python/3.11", "--endpoint-url"),
        ("aws-cli/1.46.2 Python/3.11", "--endpoint-url"),
        ("aws-cli/2.31.0 Python/3.13", ""),
    ],
)
def test_doctor_knows_the_pitfalls_of_each_cli(said: str, remedy: str, tmp_path: Path) -> None:
    program = tmp_path / "aws"
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)

    found = probes.aws_cli(str(program), "http://127.0.0.1:4566")

    assert found.ok
    assert remedy in found.remedy
    assert bool(remedy) == bool(found.remedy)


def test_doctor_sees_a_proxy_that_would_take_the_calls() -> None:
    assert not probes.proxy({"HTTP_PROXY": "http://proxy.test"}).ok
    assert probes.proxy({"http_proxy": "http://proxy.test", "no_proxy": "x, 127.0.0.1"}).ok


def test_version_is_told(capfd: Output) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])

    assert end.value.code == 0
    assert capfd.readouterr().out.startswith("cloudling ")
