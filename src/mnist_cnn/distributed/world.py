"""World: the processes that train one network together, as plain data.

>>> World.local(2).ranks
range(0, 2)
>>> World.join("10.0.0.1:9000", rank=1, size=2)                   # on the second machine; doctest: +SKIP
"""

import ipaddress
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from mnist_cnn.errors import DistributedError

WAIT = 300
"""Default seconds within which all processes must meet."""
SILENCE = 20
"""Seconds without a sign of life after which a process counts as lost."""
LOST = "another process of the training ended, or cannot be reached any more"
UNREACHABLE = "they met there, but one ended or cannot reach another: every TCP port has to be open between them"


@dataclass(frozen=True)
class World:
    """All processes of a training, and which of them run on this machine."""

    coordinator: str
    """HOST:PORT where rank 0 listens."""
    size: int
    """Number of processes on all machines."""
    ranks: range
    """Ranks of the processes on this machine."""
    wait: int = WAIT
    """Seconds within which all processes must meet."""
    data: Path | str | None = None
    """Path of the images on this machine, as for ``mnist.load``."""

    @classmethod
    def local(cls, size: int) -> "World":
        """Return `size` processes on this machine."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            return cls(f"127.0.0.1:{free.getsockname()[1]}", size, range(size))

    @classmethod
    def join(cls, coordinator: str, rank: int, size: int, wait: int = WAIT) -> "World":
        """Return one process of a training on several machines.

        coordinator: HOST:PORT of rank 0, as the other machines reach it.
        Raises DistributedError if that is not such an address, or if rank 0 cannot listen there.
        """
        host, port = address(coordinator)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DistributedError(f"{coordinator}: expected the address of rank 0, found: {reason}") from None
        if ipaddress.ip_address(str(found[4][0]).partition("%")[0]).is_unspecified:
            raise DistributedError(
                f"{coordinator}: expected an address by which all machines reach rank 0, found a wildcard address"
            )
        if rank == 0:
            if str(found[4][0]).startswith("127.") and host != "localhost" and not host.startswith("127."):
                # Debian maps a machine's own name to 127.0.1.1. The others would look for rank 0 on themselves.
                raise DistributedError(
                    f"{coordinator}: expected an address that other machines reach, but {host} means "
                    f"{found[4][0]} here; use the IP address of this machine on all of them"
                )
            try:
                socket.create_server(found[4], family=found[0]).close()
            except OSError as error:
                reason = os.strerror(error.errno) if error.errno else error  # strerror repeats the address
                raise DistributedError(
                    f"{coordinator}: expected an address of this machine and a free port, found: {reason}"
                ) from None
        return cls(coordinator, size, range(rank, rank + 1), wait)

    def check_batch(self, batch_size: int) -> None:
        """Raise DistributedError if the batch does not divide into equal shares."""
        if batch_size % self.size:
            raise DistributedError(
                f"{self.size} processes: expected a number that divides the batch size {batch_size}; "
                "change the number of processes or --batch-size"
            )


def address(coordinator: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT or [HOST]:PORT. Raises DistributedError for other text."""
    host, _, port = coordinator.rpartition(":")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 2**16 or not host:
        raise DistributedError(f"{coordinator or '--coordinator'}: expected HOST:PORT, as in 10.0.0.1:9000")
    if not re.fullmatch(r"\[[^\[\]]+\]|[^\[\]:]+", host):
        raise DistributedError(f"{coordinator}: expected [HOST]:PORT, as in [2001:db8::1]:9000")
    return host.removeprefix("[").removesuffix("]"), int(port)
