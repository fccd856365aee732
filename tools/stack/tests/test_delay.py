"""The messages by which the delayer and the kernel's netfilter queue talk; that they agree, podman/test_faults.py shows."""

from __future__ import annotations

import struct

from tools.stack.runner.faults.delay import message, packets

PACKET = 3 << 8
VERDICT = PACKET | 1


def test_a_message_is_of_the_length_that_it_says_and_padded() -> None:
    encoded = message(VERDICT, (2, b"12345"))
    assert struct.unpack_from("=IH", encoded) == (len(encoded), VERDICT)
    assert len(encoded) % 4 == 0
    assert encoded.endswith(b"12345\0\0\0")


def test_packets_are_told_by_their_numbers_among_other_attributes_and_messages() -> None:
    header = struct.pack("!IHB", 7, 0x0800, 3)
    both = message(PACKET, (4, b"x"), (1, header)) + message(VERDICT, (1, header)) + message(PACKET, (1, header))
    assert list(packets(both)) == [7, 7]


def test_what_breaks_off_ends_it() -> None:
    assert list(packets(b"")) == []
    assert list(packets(message(PACKET)[:10])) == []
    assert list(packets(bytes(16))) == []
