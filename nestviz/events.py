"""The words of a recording: task states, phases, row kinds, the fixed 64-byte event record and the chunks that carry it.

Everything here is standard library only, because every Ray worker imports it.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

__all__ = [
    "ID_BYTES",
    "NIL_ID",
    "NO_ATTEMPT",
    "NO_STATE",
    "RECORD",
    "RECORD_BYTES",
    "SHIFT_MASK",
    "TENTATIVE",
    "TEXT_BYTES",
    "UNKNOWN_SHIFT",
    "UNKNOWN_SIZE",
    "Chunk",
    "ChunkKind",
    "EventKind",
    "Phase",
    "RowKind",
    "State",
    "WaitKind",
    "text_records",
]

ID_BYTES = 24
NIL_ID = b"\xff" * ID_BYTES
UNKNOWN_SIZE = -1
SHIFT_MASK = UNKNOWN_SHIFT = 0x3F
"""In SUBMIT: where flags hold the arguments' shift, and the shift that says that their bytes are not known."""
TENTATIVE = 0x40
"""In SUBMIT: whether the callee reports its execution is not known; a call that never starts is passed over."""
NO_STATE, NO_ATTEMPT = 0xFF, 0xFFFF
"""For a state or an attempt that Ray's own record leaves open."""


class State(enum.IntEnum):
    """What is known of one attempt: submitted → running ⇄ blocked → one of the four ends."""

    SUBMITTED = 0
    RUNNING = 1
    BLOCKED = 2
    FINISHED = 3
    FAILED = 4
    CANCELLED = 5
    LOST = 6


class Phase(enum.IntEnum):
    """The disjoint phases of one attempt's life; together they add up to it."""

    SUBMIT = 0
    QUEUE = 1
    FETCH = 2
    COMPUTE = 3
    SPAWN = 4
    BLOCKED = 5
    RECEIVE = 6
    STORE = 7


class RowKind(enum.IntEnum):
    """What a row of the trace stands for."""

    TASK = 0
    SPAN = 1
    DRIVER = 2
    UNKNOWN_PARENT = 3


class WaitKind(enum.IntEnum):
    """Which call of Ray a wait is."""

    GET = 0
    WAIT = 1
    AWAIT = 2


class EventKind(enum.IntEnum):
    """The kinds of records; what each field means is in the table below.

    ============ ======= ============ ============== ============ ============== ================ ==================
    kind         flags   aux          code           a            b              scope / block    id, size
    ============ ======= ============ ============== ============ ============== ================ ==================
    SUBMIT       shift,  arguments'   name           begin        end            parent / block   the child, elements
                 tenta-  bytes
                 tive
    ORIGIN       –       –            –              begin        –              the child /      the parent task
                                                                                 parent's block
    START        –       attempt      name           function     –              the attempt      the task, elements
                                                     entry
    END          state   –            error text     function     –              the attempt      –
                                                     exit
    WAIT_BEGIN   a Wait- –            –              begin        –              waiter / number  first ref's task,
                 Kind                                                                             refs asked for
    WAIT_END     1 = it  –            a result that  begin        end            waiter / number  –, refs got
                 raised               is an error
    WAIT_REF     1 =     –            –              –            –              waiter / number  a ref's task
                 got
    SPAN_BEGIN   1 =     –            name           begin        outer block    owner / block    –
                 section
    SPAN_END     1 = it  –            –              –            end            owner / block    –
                 raised
    NOTE         0 int,  –            key            –            –              owner / block    –, value (bits, or
                 1 float                                                                         text number)
                 2 text
    TEXT         bytes   chunk,       text number    the text's bytes fill the rest of the record
                 used    0x8000=last
    ITEMS        –       –            –              first item   last item      the attempt / –  –, items yielded
    CANCEL       1 force –            –              moment       –              canceller /      the cancelled task
                 2 recu-                                                         block
                 rsive
    PUT          1 = it  –            –              begin        end            putter / block   –, bytes
                 raised
    REQUIRE      –       –            what it needs  –            –              – / –            the child
    DEPEND       –       –            –              the child's id: a, b, size as three words    the task awaited
    EXPORT       –       –            –              –            –              – / –            the child, bytes
    REPEAT       1 sent  –            –              –            –              – / –            the child, –
                 2 got
    RAY_TASK     state   attempt      name           function     function exit  observation /    the task,
                                                     entry                       worker           submitted at
    RAY_FETCH    –       –            –              begin        end            observation / –  –
    RAY_STORE    –       –            –              begin        end            observation / –  –
    RAY_PARENT   –       –            –              –            –              observation / –  the parent task
    RAY_END      state   –            error text     when         –              observation / –  –
    RAY_WORKER   –       –            worker id      pid          –              – / worker       –, node id's text
                                                                                                  number
    ============ ======= ============ ============== ============ ============== ================ ==================

    Arguments' bytes, as serialized, are `aux << (flags & SHIFT_MASK)`: exact below 65,536, within 2⁻¹⁵ above. REQUIRE says what a
    task needs to run when it is not Ray's default, DEPEND that it waits for another task's result as an argument,
    EXPORT that with the call the function itself was pickled, into so many bytes, and sent to the cluster, REPEAT that one of its
    large arguments had been sent before, or had been got, by the same caller.

    `scope` numbers the attempts that one process ran (1, 2, …); 0 is the process itself, which for a driver is the root of the
    tree. Blocks, waits and texts are numbered per process too. Times are the process's monotonic counter in nanoseconds.

    The RAY_ kinds are what Ray's own record says of attempts. One reading of it is a made-up process, which numbers what it has
    seen from 1, workers too (0: not known). Their times are Unix nanoseconds, 0 for one that Ray does not tell; a state or attempt
    that it does not tell is NO_STATE or NO_ATTEMPT.
    """

    SUBMIT = 1
    ORIGIN = 2
    START = 3
    END = 4
    WAIT_BEGIN = 5
    WAIT_END = 6
    WAIT_REF = 7
    SPAN_BEGIN = 8
    SPAN_END = 9
    NOTE = 10
    TEXT = 11
    ITEMS = 12
    CANCEL = 13
    PUT = 14
    REQUIRE = 15
    DEPEND = 16
    EXPORT = 17
    REPEAT = 18
    RAY_TASK = 20
    RAY_FETCH = 21
    RAY_STORE = 22
    RAY_PARENT = 23
    RAY_END = 24
    RAY_WORKER = 25


class ChunkKind(enum.IntEnum):
    """What a chunk holds."""

    META = 1
    PROCESS = 2
    EVENTS = 3
    DROPPED = 4
    NAME = 5
    END = 6
    GONE = 7


@dataclass(frozen=True)
class Chunk:
    """One chunk as read: `payload` is unpacked and its checksum was right."""

    kind: int
    process: int
    first: int
    count: int
    payload: bytes


# kind, flags, aux, code, a, b, scope, block, id, size
RECORD = struct.Struct("<BBHIqqII24sq")
RECORD_BYTES = RECORD.size
TEXT_BYTES = RECORD_BYTES - 8

_MAX_TEXT_BYTES = 4_000
_LAST_PART = 0x8000
_TEXT_HEAD = struct.Struct("<BBHI")


def text_records(number: int, text: str) -> list[bytes]:
    """The TEXT records that write a text out under its number; what is beyond 4,000 bytes is cut."""
    data = text.encode("utf-8", "replace")[:_MAX_TEXT_BYTES]
    parts = [data[i : i + TEXT_BYTES] for i in range(0, len(data), TEXT_BYTES)] or [b""]
    records = []
    for index, part in enumerate(parts):
        last = _LAST_PART if index == len(parts) - 1 else 0
        head = _TEXT_HEAD.pack(EventKind.TEXT, len(part), index | last, number)
        records.append(head + part.ljust(TEXT_BYTES, b"\0"))
    return records
