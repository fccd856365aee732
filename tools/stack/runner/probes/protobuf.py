"""Reads and writes protocol buffers without their schema (https://protobuf.dev/programming-guides/encoding/)."""

from __future__ import annotations

from collections.abc import Iterator


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field: an integer for a varint, the raw bytes for all else. Raises ValueError."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, wire_type = key >> 3, key & 7
        value: int | bytes
        if wire_type == 0:
            value, position = _varint(message, position)
        else:
            if wire_type == 2:
                length, position = _varint(message, position)
            elif wire_type in (1, 5):
                length = 8 if wire_type == 1 else 4
            else:
                raise ValueError(f"wire type {wire_type} in a protocol buffer")
            if position + length > len(message):
                raise ValueError("a protocol buffer ends in the middle of a field")
            value, position = message[position : position + length], position + length
        yield number, value


def text_field(number: int, text: str) -> bytes:
    """An encoded string field; nothing for the empty string, as proto3 has it. `text` is at most 127 bytes long."""
    data = text.encode()
    if len(data) > 127:
        raise ValueError(f"{text!r} is too long")
    return bytes([number << 3 | 2, len(data)]) + data if data else b""


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(message) or shift > 63:
            raise ValueError("a protocol buffer ends in the middle of a number")
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
