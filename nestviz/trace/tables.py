"""The trace as other libraries' tables: an Arrow table of decoded rows, a networkx tree."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nestviz.events import ID_BYTES, RowKind, State
from nestviz.trace.model import UNKNOWN, Ids, Ints, Rows, Small, Trace

__all__ = ["to_arrow", "to_networkx"]

_UNITS = {
    "submit_begin": "ns since the Unix epoch",
    "submit_end": "ns since the Unix epoch",
    "start": "ns since the Unix epoch",
    "end": "ns since the Unix epoch",
    "blocked": "ns",
    "receive": "ns",
    "spawn": "ns",
    "fetch": "ns",
    "store": "ns",
    "size": "elements",
    "argument_bytes": "bytes",
    "first_item": "ns since the Unix epoch",
    "last_item": "ns since the Unix epoch",
    "items": "items",
    "puts": "calls",
    "put_bytes": "bytes",
}


def to_arrow(trace: Trace) -> pa.Table:
    """The rows of `trace.tasks`, decoded; see the class. Columns that carry a unit say so in their field's metadata."""
    rows = trace.tasks
    texts = pa.array(trace.texts, pa.string())
    nodes = pa.array([process.node_id for process in trace.processes], pa.string())
    workers = pa.array([process.worker_id for process in trace.processes], pa.string())
    pids = pa.array([process.pid for process in trace.processes], pa.int64())
    sections = pa.array([section.name for section in trace.sections], pa.string())
    columns: dict[str, pa.Array] = {
        "task_id": _hex(rows.task_id),
        "parent_id": _parent_hex(trace, rows),
        "block_id": _hex(rows.block_id, null_zeros=True),
        "attempt": pa.array(rows.attempt, pa.int32()),
        "kind": pa.array([kind.name.lower() for kind in RowKind]).take(pa.array(rows.kind)),
        "name": texts.take(pa.array(rows.name)),
        "state": pa.array([state.name.lower() for state in State]).take(pa.array(rows.state)),
    }
    for name in ("submit_begin", "submit_end", "start", "end", "blocked", "receive", "spawn", "fetch", "store"):
        columns[name] = _nullable(rows[name])
    columns["depth"] = pa.array(rows.depth, pa.int32())
    columns["children"] = pa.array(rows.children, pa.int32())
    columns["node_id"] = nodes.take(_indices(rows.process))
    columns["worker_id"] = workers.take(_indices(rows.process))
    columns["pid"] = pids.take(_indices(rows.process))
    columns["size"] = _nullable(rows.size)
    columns["argument_bytes"] = _nullable(rows.argument_bytes)
    items, puts = trace.items, trace.puts
    columns["first_item"] = _scattered(len(rows), items.row, items.first)
    columns["last_item"] = _scattered(len(rows), items.row, items.last)
    columns["items"] = _scattered(len(rows), items.row, items.count)
    columns["puts"] = _scattered(len(rows), puts.row, puts.count)
    columns["put_bytes"] = _scattered(len(rows), puts.row, puts.size_bytes)
    columns["error"] = texts.take(_indices(rows.error))
    columns["section"] = sections.take(_indices(rows.section))
    fields = [pa.field(name, array.type, metadata=_metadata(name)) for name, array in columns.items()]
    schema = pa.schema(fields, metadata={"recording": trace.info.recording, "format": "nestviz tasks 1"})
    return pa.table(list(columns.values()), schema=schema)


def to_networkx(trace: Trace) -> nx.DiGraph[str]:
    """The tree of tasks, from parent to child, the driver as root.

    Nodes are task ids in hex ("unknown parent" for that node) with `name`, `kind`, `state`, `attempts`, `size`, `start`, `end`,
    `blocked` of the last attempt, unknown ones None. Attempts of one task are one node.
    """
    rows = trace.rows
    graph: nx.DiGraph[str] = nx.DiGraph(recording=trace.info.recording)
    ids = _hex(rows.task_id).to_pylist()
    unknown = np.flatnonzero(rows.kind == RowKind.UNKNOWN_PARENT)
    for row in unknown.tolist():
        ids[row] = trace.name_of(row)
    for row in np.flatnonzero(rows.kind != RowKind.SPAN).tolist():
        before = graph.nodes[ids[row]]["attempts"] if ids[row] in graph else 0
        graph.add_node(
            ids[row],
            name=trace.name_of(row),
            kind=RowKind(int(rows.kind[row])).name.lower(),
            state=State(int(rows.state[row])).name.lower(),
            attempts=before + 1,
            **{name: _number(rows, name, row) for name in ("size", "submit_begin", "start", "end", "blocked")},
        )
    for row in np.flatnonzero((rows.kind == RowKind.TASK) & (rows.parent >= 0)).tolist():
        graph.add_edge(ids[int(rows.parent[row])], ids[row])
    return graph


def _number(rows: Rows, name: str, row: int) -> int | None:
    value = int(rows[name][row])
    return None if value == UNKNOWN else value


def _metadata(name: str) -> dict[str, str] | None:
    return {"unit": _UNITS[name]} if name in _UNITS else None


def _nullable(values: NDArray[np.generic]) -> pa.Array:
    return pa.array(values, pa.int64(), mask=values == UNKNOWN)


def _scattered(count: int, row: Small, values: Ints) -> pa.Array:
    """A column of values that few rows have; null elsewhere. What belongs to the driver has no row here."""
    column = np.full(count, UNKNOWN, np.int64)
    inside = row < count
    column[row[inside]] = values[inside]
    return _nullable(column)


def _indices(values: Small) -> pa.Array:
    return pa.array(values, pa.int32(), mask=values < 0)


def _hex(ids: Ids, *, null_zeros: bool = False) -> pa.Array:
    raw = np.ascontiguousarray(ids).tobytes()
    text = raw.hex()
    width = 2 * ID_BYTES
    zero = "0" * width
    values = [text[i : i + width] for i in range(0, len(text), width)]
    return pa.array([None if null_zeros and value == zero else value for value in values], pa.string())


def _parent_hex(trace: Trace, rows: Rows) -> pa.Array:
    """Parents' ids; null below the unknown parent."""
    values = _hex(rows.parent_id).to_pylist()
    kinds = trace.rows.kind[rows.parent]
    return pa.array([None if kinds[i] == RowKind.UNKNOWN_PARENT else v for i, v in enumerate(values)], pa.string())
