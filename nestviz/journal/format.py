"""The journal's format, whole: a greeting, then chunks, each with a checked header.

A journal is `GREETING`, then any number of chunks. A chunk is a 32-byte header (little endian: magic, kind, codec, 2 spare bytes,
process, number of the first record, count of records, length of the payload, CRC-32 of header and payload) and its payload:

======== ====================================================================================================================
META     JSON object: recording, name, job_id, begin_ns, cpus, clock (offset from the monotonic counter to Unix ns), command, …
PROCESS  JSON object: pid, node_id, worker_id, is_driver; `process` is the number that other chunks call it by; on other nodes than
         the collector's also node_ip, clock and clock_error_ns (instead of META's clock). A later one of the same number overrules.
         A reading of Ray's own record is a process that is made up for it: source, at_ns, problem and cut instead
EVENTS   `count` records of `events.RECORD_BYTES`, the first of them the process's record number `first`
DROPPED  no payload; `first` is how many records the process has had to drop so far
NAME     the recording's new name, UTF-8
GONE     no payload; the process died at about Unix time `first` (ns)
END      JSON object: state (complete or interrupted), end_ns, reason, missing (what could not be recorded)
======== ====================================================================================================================

After END only readings of Ray's own record follow.
Codec 0 is plain, 1 is zlib. Readers skip kinds they do not know. Version 1 is the only one so far.
"""

from __future__ import annotations

import struct
import zlib

from nestviz.events import ChunkKind

__all__ = [
    "CHUNK_HEADER",
    "GREETING",
    "MAGIC",
    "MAX_PAYLOAD_BYTES",
    "checksum",
    "decode_payload",
    "encode_chunk",
    "encode_packed",
    "pack",
]

GREETING = b"nestviz journal 1\n"
MAGIC = b"nvC\x01"
CHUNK_HEADER = struct.Struct("<4sBBHIQIII")
MAX_PAYLOAD_BYTES = 64 * 1024 * 1024
_PLAIN, _ZLIB = 0, 1
_CRC_BYTES = 4
_WORTH_PACKING_BYTES = 512


def encode_chunk(kind: ChunkKind, payload: bytes = b"", *, process: int = 0, first: int = 0, count: int = 0) -> bytes:
    """The bytes of one chunk, packed when that is worth it."""
    return encode_packed(kind, *pack(payload), process=process, first=first, count=count)


def pack(payload: bytes) -> tuple[int, bytes]:
    """Codec and bytes for a payload: the half of the work that can be done on another machine than the writer's."""
    return (_ZLIB, zlib.compress(payload, 1)) if len(payload) >= _WORTH_PACKING_BYTES else (_PLAIN, payload)


def encode_packed(kind: ChunkKind, codec: int, packed: bytes, *, process: int = 0, first: int = 0, count: int = 0) -> bytes:
    """The bytes of one chunk whose payload was packed before."""
    head = CHUNK_HEADER.pack(MAGIC, kind, codec, 0, process, first, count, len(packed), 0)[:-_CRC_BYTES]
    return head + checksum(head, packed).to_bytes(_CRC_BYTES, "little") + packed


def checksum(header: bytes, payload: bytes) -> int:
    """CRC-32 of a chunk's header, less the checksum itself if it is there, and of its payload as it stands in the file."""
    return zlib.crc32(payload, zlib.crc32(header[: CHUNK_HEADER.size - _CRC_BYTES]))


def decode_payload(codec: int, payload: bytes) -> bytes:
    """The plain payload; ValueError when the codec is unknown, the data broken or larger than `MAX_PAYLOAD_BYTES`."""
    if codec == _PLAIN:
        return payload
    if codec != _ZLIB:
        raise ValueError(f"unknown codec {codec}")
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(payload, MAX_PAYLOAD_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not unpacker.eof:
        raise ValueError("a chunk unpacks to more than a chunk may hold")
    return plain
