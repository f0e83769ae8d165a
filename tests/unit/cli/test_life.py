"""A detached cloud from start to stop, and every way in which a start fails."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cloudling.cli import main, start

if TYPE_CHECKING:
    from pathlib import Path

    from cloudling.cli.runtime import Place

Output = pytest.CaptureFixture[str]


def test_detached_cloud_is_started_seen_reset_and_stopped(place: Place, capfd: Output) -> None:
    port = f"--port={place.port}"

    assert main(["start", "--detach", port, "--region", "eu-west-1"]) == 0
    said = capfd.readouterr().out
    assert f"answers on http://127.0.0.1:{place.port} (data in " in said
    assert "A note." in said
    assert f"env --port {place.port}" in said

    assert main(["status", port]) == 0
    said = capfd.readouterr().out
    assert "9.9.9" in said
    assert "2 h 1 min" in said
    assert "iam, s3" in said

    assert main(["env", port]) == 0
    assert "export AWS_REGION=eu-west-1" in capfd.readouterr().out

    assert main(["reset", "--yes", port]) == 0
    assert "is empty" in capfd.readouterr().out
    assert main(["logs", port]) == 0
    assert "reset True" in capfd.readouterr().out
    assert main(["logs", "--access", "-n", "1", port]) == 0
    assert "a line for each" in capfd.readouterr().out

    assert main(["stop", port]) == 0
    assert "has stopped" in capfd.readouterr().out
    assert not place.pid_file.exists()
    assert not place.token_file.exists()
    assert main(["stop", port]) == 0
    assert "No cloud of yours runs" in capfd.readouterr().out


def test_runtime_files_are_for_their_owner_alone(place: Place) -> None:
    assert main(["start", "--detach", "--memory", f"--port={place.port}"]) == 0

    for path in (place.pid_file, place.token_file, place.log_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    assert main(["stop", f"--port={place.port}"]) == 0


def test_second_start_on_a_port_is_refused(place: Place, capfd: Output) -> None:
    main(["start", "--detach", "--memory", f"--port={place.port}"])
    first = place.pid

    assert main(["start", "--detach", "--memory", f"--port={place.port}"]) == 1
    assert f"runs on port {place.port} already (process {first})" in capfd.readouterr().err
    assert place.pid == first
    assert main(["stop", f"--port={place.port}"]) == 0


def test_taken_port_is_told_with_its_owner(port: int, capfd: Output) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert main(["start", "--detach", "--memory", f"--port={port}"]) == 1

    said = capfd.readouterr().err
    assert f"Port {port} is taken by process {os.getpid()} (" in said
    assert f"Stop it, or start with --port {port + 1}." in said


def test_reason_of_a_start_that_fails_is_told(
    port: int, monkeypatch: pytest.MonkeyPatch, capfd: Output
) -> None:
    monkeypatch.setenv("FAKE_CLOUD", "refuse")

    assert main(["start", "--detach", f"--port={port}"]) == 1
    assert capfd.readouterr().err == (
        "The data folder is used by process 812. Stop it, or name another.\n"
    )


def test_start_that_never_answers_is_ended(
    port: int, monkeypatch: pytest.MonkeyPatch, capfd: Output
) -> None:
    monkeypatch.setenv("FAKE_CLOUD", "hang")
    monkeypatch.setattr(start, "PATIENCE", 0.3)

    assert main(["start", "--detach", "--memory", f"--port={port}"]) == 1
    assert "It did not answer within" in capfd.readouterr().err


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_folder_of_logs_that_cannot_be_written_is_told(
    port: int, tmp_path: Path, capfd: Output
) -> None:
    (tmp_path / "XDG_STATE_HOME").chmod(0o500)

    assert main(["start", "--detach", f"--port={port}"]) == 1
    assert "cannot be written" in capfd.readouterr().err


def test_foreground_start_says_what_to_do_next(place: Place) -> None:
    command = [*start.child_command(), "start", "--memory", f"--port={place.port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(4)]
        assert (place.pid, place.token) == (child.pid, "a-token")
        child.terminate()

    assert "(nothing is kept)" in lines[0]
    assert "Use it in another terminal" in lines[2]
    assert lines[3] == "Stop it with Ctrl-C.\n"
    assert child.returncode == 0
    assert place.pid is None


def test_stop_spares_a_process_that_took_the_number(place: Place, capfd: Output) -> None:
    sleep = shutil.which("sleep") or "sleep"
    with subprocess.Popen([sleep, "60"]) as stranger:
        place.pid_file.write_text(f"{stranger.pid}\n127.0.0.1\n")

        assert main(["stop", f"--port={place.port}"]) == 0
        assert stranger.poll() is None
        stranger.kill()

    assert "No cloud of yours runs" in capfd.readouterr().out
    assert not place.pid_file.exists()


def test_runtime_folder_that_others_may_enter_is_refused(
    tmp_path: Path, port: int, capfd: Output
) -> None:
    (tmp_path / "XDG_RUNTIME_DIR" / "cloudling").mkdir(mode=0o777)
    (tmp_path / "XDG_RUNTIME_DIR" / "cloudling").chmod(0o777)

    assert main(["status", f"--port={port}"]) == 1
    assert "cannot be trusted" in capfd.readouterr().err


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from cloudling.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'asyncio', 'http.client', 'ssl', 'msgspec', 'cryptography', 'cloudling.app'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("[]\n")
