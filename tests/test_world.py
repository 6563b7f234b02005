"""World: the addresses and options of a distributed training, and the errors for invalid ones."""

import shlex
import socket
from pathlib import Path

import pytest
from conftest import Command

from mnist_cnn.distributed.world import World, address
from mnist_cnn.errors import DistributedError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--processes 3", "3 processes: expected a number that divides the batch size 32; change"),
        (
            "--processes 2 --rank 0",
            "--processes is for this machine, --coordinator for several machines; use only one",
        ),
        (
            "--processes 2 --deterministic",
            "--deterministic needs one process; it cannot be given together with --processes or",
        ),
        (
            "--coordinator 0.0.0.0:9000 --rank 0 --world 2",
            "expected an address by which all machines reach rank 0, found a wildcard address",
        ),
        ("--rank 1", "--coordinator, --rank, --world must be given together; add --coordinator and --world"),
        ("--coordinator here --rank 0 --world 2", "here: expected HOST:PORT, as in 10.0.0.1:9000"),
        ("--coordinator 127.0.0.1:9000 --rank 2 --world 2", "--rank: expected 0 to 1, found 2"),
        (
            "--coordinator 127.0.0.1:9000 --rank 1 --world 2 --seed 3",
            "only rank 0 takes settings; --rank 1 cannot be given together with --seed",
        ),
        (
            "--coordinator 192.0.2.1:9000 --rank 0 --world 2",
            "192.0.2.1:9000: expected an address of this machine and a free port",
        ),
        (
            "--coordinator no.invalid:9000 --rank 1 --world 2",
            "no.invalid:9000: expected the address of rank 0, found: ",
        ),
    ],
)
def test_an_invalid_command_is_reported_in_one_line(
    command: Command, tmp_path: Path, arguments: str, message: str
) -> None:
    done = command("train", *shlex.split(arguments))
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_a_loopback_name_is_refused_as_address_of_rank_0(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.1.1", 9000))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(
        DistributedError,
        match=r"expected an address that other machines reach, but head means 127\.0\.1\.1 here; use the IP",
    ):
        World.join("head:9000", 0, 2)
    assert World.join("head:9000", 1, 2).ranks == range(1, 2)


def test_addresses_are_parsed_or_refused() -> None:
    assert address("10.0.0.1:9000") == ("10.0.0.1", 9000)
    assert address("[fe80::1]:1") == ("fe80::1", 1)
    for wrong in ("", ":9000", "host", "host:", "host:0", "host:65536", "host:-1", "host:²", "::1:9000", "[]:9"):
        with pytest.raises(DistributedError, match=r"expected \[?HOST"):
            address(wrong)


def test_a_local_world_has_all_ranks_and_a_free_port() -> None:
    world = World.local(3)
    assert (world.size, world.ranks) == (3, range(3))
    socket.create_server(address(world.coordinator)).close()
    world.check_batch(33)
    with pytest.raises(DistributedError, match="3 processes: expected a number that divides the batch size 32"):
        world.check_batch(32)
