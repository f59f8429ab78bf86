"""The private PostgreSQL: starting, sharing, stopping, crashes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import psycopg
import pytest

from akako.backends.postgres import embedded
from akako.backends.postgres.embedded import running_url
from tests.parts.postgres import create_database, drop_database, passable_folder, start_postgres

# Starts the server as another Akako process would, and never stops it.
USER_PROCESS = """
import sys, time
from pathlib import Path
from tests.parts.postgres import start_postgres
server = start_postgres(Path(sys.argv[1]))
print(server._keeper.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data folder with a database in it. Every test leaves it stopped."""
    with passable_folder() as folder:
        start_postgres(folder).stop()
        yield folder


@contextlib.contextmanager
def user_process(home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process that uses the server, and the process id of its keeper."""
    command = [sys.executable, "-c", USER_PROCESS, str(home)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def pid_file(home: Path) -> Path:
    return home / "postgres" / "data" / "postmaster.pid"


def postmaster(home: Path) -> int:
    return int(pid_file(home).read_text().split()[0])


def value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def test_a_new_folder_gets_a_database_of_its_own() -> None:
    with passable_folder() as home, embedded.attach(home / "new" / "data") as server:
        connection = await asyncpg.connect(server.url)
        try:
            shown = await connection.fetchrow("""
                select current_database(), current_user::text, lower('Ü'),
                  current_setting('server_encoding'), current_setting('TimeZone'),
                  current_setting('data_checksums'), current_setting('fsync'),
                  current_setting('listen_addresses'), inet_server_addr()::text
            """)
        finally:
            await connection.close()
    expected = ("akako", "akako", "ü", "UTF8", "UTC", "on", "on", "127.0.0.1", "127.0.0.1/32")
    assert tuple(shown) == expected


def test_the_role_owns_its_database_and_nothing_else(home: Path) -> None:
    server = start_postgres(home)
    try:
        assert value(server.url, "select rolsuper from pg_roles where rolname = 'akako'") is False
        with psycopg.connect(server.url) as connection:
            for extension in ("btree_gist", "pg_trgm", "citext"):
                connection.execute(f"create extension {extension}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("copy (select 1) to program 'true'")
    finally:
        server.stop()


def test_a_restart_keeps_data_and_port(home: Path) -> None:
    first = start_postgres(home)
    with psycopg.connect(first.url) as connection:
        connection.execute("create table kept as select 42 as answer")
    first.stop()
    second = start_postgres(home)
    try:
        assert second.url == first.url
        assert value(second.url, "select answer from kept") == 42
    finally:
        second.stop()


def test_a_port_that_was_taken_is_left_to_its_taker(home: Path) -> None:
    first = start_postgres(home)
    first.stop()
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(("127.0.0.1", int(first.url.rsplit(":", 1)[1].split("/")[0])))
        taker.listen()
        second = start_postgres(home)
        second.stop()
    assert second.url != first.url


def test_stop_ends_the_server_and_may_be_repeated(home: Path) -> None:
    server = start_postgres(home)
    pid = postmaster(home)
    with psycopg.connect(server.url) as idle:
        server.stop()
        server.stop()
        with pytest.raises(psycopg.OperationalError):
            idle.execute("select 1")
    wait_until(lambda: not is_alive(pid))
    assert running_url(home) is None


def test_the_last_user_stops_it(home: Path) -> None:
    first = start_postgres(home)
    second = start_postgres(home)
    assert second.url == first.url == running_url(home)
    first.stop()
    assert value(second.url, "select 1") == 1
    second.stop()
    assert running_url(home) is None


def test_users_that_come_and_go_at_once_never_meet_a_stopped_server(home: Path) -> None:
    def use(turn: int) -> object:
        with embedded.attach(home) as server:
            return value(server.url, f"select {turn}")

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(use, range(16))) == list(range(16))
    wait_until(lambda: running_url(home) is None)


def test_starts_of_a_new_folder_at_once_make_one_database() -> None:
    with passable_folder() as home, ThreadPoolExecutor(3) as threads:
        servers = list(threads.map(start_postgres, [home] * 3))
        assert len({server.url for server in servers}) == 1
        for server in servers:
            server.stop()


def test_other_processes_find_the_running_server(home: Path) -> None:
    assert running_url(home) is None
    with user_process(home):
        url = running_url(home)
        assert url is not None
        assert value(url, "select current_database()") == "akako"
        wait = start_postgres(home)
        assert wait.url == url
        wait.stop()
        assert running_url(home) == url
    wait_until(lambda: running_url(home) is None)


def test_it_does_not_outlive_a_killed_user(home: Path) -> None:
    with user_process(home) as (process, _):
        pid = postmaster(home)
        process.kill()
        wait_until(lambda: not is_alive(pid))
    start_postgres(home).stop()


def test_an_orphaned_server_is_taken_over(home: Path) -> None:
    with user_process(home) as (process, keeper):
        pid = postmaster(home)
        process.send_signal(signal.SIGSTOP)
        os.kill(keeper, signal.SIGKILL)
    assert is_alive(pid)
    server = start_postgres(home)
    try:
        assert postmaster(home) == pid
        assert value(server.url, "select 1") == 1
    finally:
        server.stop()
    wait_until(lambda: not is_alive(pid))


def test_a_killed_server_starts_again_with_its_data(home: Path) -> None:
    with user_process(home) as (process, keeper):
        url = running_url(home)
        assert url is not None
        with psycopg.connect(url) as connection:
            connection.execute("set synchronous_commit = on")
            connection.execute("create table survives as select 7 as seven")
        process.send_signal(signal.SIGSTOP)
        os.kill(keeper, signal.SIGKILL)
        os.kill(postmaster(home), signal.SIGKILL)
    assert pid_file(home).exists()
    server = start_postgres(home)
    try:
        assert value(server.url, "select seven from survives") == 7
    finally:
        server.stop()


@pytest.mark.parametrize("content", ["", "\0\0\0", "process id given to another"])
def test_a_stale_pid_file_is_no_hindrance(home: Path, content: str) -> None:
    server = start_postgres(home)
    left_behind = pid_file(home).read_text()
    server.stop()
    with subprocess.Popen([shutil.which("sleep") or "sleep", "600"]) as other:
        if content.startswith("process id"):
            content = f"{other.pid}\n{left_behind.split(chr(10), 1)[1]}"
        pid_file(home).write_text(content)
        again = start_postgres(home)
        again.stop()
        assert other.poll() is None
        other.kill()


def test_ctrl_c_in_the_terminal_does_not_reach_it(home: Path) -> None:
    server = start_postgres(home)
    try:
        assert os.getsid(postmaster(home)) != os.getsid(0)
        assert os.getpgid(postmaster(home)) != os.getpgid(0)
    finally:
        server.stop()


def test_databases_of_tests_come_and_go(home: Path) -> None:
    server = start_postgres(home)
    try:
        template = create_database(server.url, "template")
        with psycopg.connect(template) as connection:
            connection.execute("create table there as select 1 as one")
        copied = create_database(server.url, "copied", template="template")
        assert value(copied, "select one from there") == 1
        drop_database(copied)
        drop_database(copied)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(copied).close()
    finally:
        server.stop()
