"""Delays each packet that a network namespace sends: a program, started in that namespace (`python delay.py SECONDS`).

The kernel hands it the packets' numbers through a netfilter queue, and sends each when it says so. tc's netem would do
that alone, and many kernels lack it. When this program ends, packets pass as before: the rule says so (queue-bypass).

Protocol: netlink messages as in linux/netfilter/nfnetlink.h and nfnetlink_queue.h, from which the numbers are.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator

QUEUE = 77
READY = "ready"

_NETLINK_NETFILTER = 12
_SUBSYSTEM = 3 << 8  # NFNL_SUBSYS_QUEUE
_PACKET, _VERDICT, _CONFIG = _SUBSYSTEM, _SUBSYSTEM | 1, _SUBSYSTEM | 2
_NLM_F_REQUEST = 1
_CFG_COMMAND, _CFG_PARAMETERS, _CFG_MOST_WAITING = 1, 2, 3
_BIND = 1
_COPY_META = 1  # Without the packets' contents.
_PACKET_HEADER = 1
_VERDICT_HEADER = 2
_NF_ACCEPT = 1
_MOST_WAITING = 100_000
_BUFFER = 1 << 20
_PR_SET_PDEATHSIG = 1

_MESSAGE = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_FAMILY = struct.Struct("!BBH")  # nfgenmsg: family, version, queue
_ATTRIBUTE = struct.Struct("=HH")  # nlattr: length, type


def message(kind: int, *attributes: tuple[int, bytes]) -> bytes:
    """An encoded netlink message about the queue."""
    body = _FAMILY.pack(socket.AF_UNSPEC, 0, QUEUE)
    for number, value in attributes:
        body += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), number) + value + bytes(-len(value) % 4)
    return _MESSAGE.pack(_MESSAGE.size + len(body), kind, _NLM_F_REQUEST, 0, 0) + body


def packets(data: bytes) -> Iterator[int]:
    """The numbers of the packets that netlink messages tell of."""
    while len(data) >= _MESSAGE.size:
        length, kind, *_ = _MESSAGE.unpack_from(data)
        if kind == _PACKET:
            yield from _numbers(data[_MESSAGE.size + _FAMILY.size : length])
        data = data[(length + 3) & ~3 or len(data) :]


def _numbers(attributes: bytes) -> Iterator[int]:
    while len(attributes) >= _ATTRIBUTE.size:
        length, number = _ATTRIBUTE.unpack_from(attributes)
        if number == _PACKET_HEADER:
            yield struct.unpack_from("!I", attributes, _ATTRIBUTE.size)[0]
        attributes = attributes[(length + 3) & ~3 or len(attributes) :]


def delay(seconds: float) -> None:
    """Delays for ever. Says READY once it does."""
    queue = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
    queue.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    queue.bind((0, 0))
    queue.send(message(_CONFIG, (_CFG_COMMAND, struct.pack("!BBH", _BIND, 0, socket.AF_UNSPEC))))
    queue.send(message(_CONFIG, (_CFG_PARAMETERS, struct.pack("!IB", 0, _COPY_META))))
    queue.send(message(_CONFIG, (_CFG_MOST_WAITING, struct.pack("!I", _MOST_WAITING))))
    print(READY, flush=True)
    waiting: collections.deque[tuple[float, int]] = collections.deque()
    while True:
        left = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        if select.select([queue], [], [], left)[0]:
            with contextlib.suppress(OSError):  # More came than fit in; the kernel has dropped them.
                due = time.monotonic() + seconds
                waiting.extend((due, number) for number in packets(queue.recv(_BUFFER)))
        while waiting and waiting[0][0] <= time.monotonic():
            _, number = waiting.popleft()
            queue.send(message(_VERDICT, (_VERDICT_HEADER, struct.pack("!II", _NF_ACCEPT, number))))


def main() -> None:
    """Delays until it is ended, or whoever started it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    delay(float(sys.argv[1]))


if __name__ == "__main__":
    main()
