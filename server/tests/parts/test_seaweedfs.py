"""The S3 of the tests leaves nothing behind, and is not stopped by what others left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parts import seaweedfs


def test_a_stopped_server_leaves_no_socket(tmp_path: Path) -> None:
    s3 = seaweedfs.start_seaweedfs(tmp_path)
    ports = [*s3._ports.values()]
    assert any(list(seaweedfs._sockets(port)) for port in ports)
    s3.stop()
    assert not any(list(seaweedfs._sockets(port)) for port in ports)


def test_ports_with_a_socket_of_an_earlier_process_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seaweedfs, "SOCKETS", tmp_path)
    taken = {port for port in range(32_768, 61_000) if port // 128 % 2}
    for port in taken:
        (tmp_path / f"seaweedfs-master-grpc-{port}.sock").touch()
    assert not taken & {*seaweedfs._free_ports().values()}
