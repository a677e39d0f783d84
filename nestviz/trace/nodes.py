"""The machines of a recording, as people meet them: numbered and named, the driver's first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nestviz.events import RowKind
from nestviz.trace.model import UNKNOWN, Ints, Trace

__all__ = ["Nodes", "nodes_of"]

_SHORT_ID = 6
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Nodes:
    """`names` as "node 2 · 10.0.0.5": the driver's node, then the others in order of first use; `of_process` counts in them."""

    names: tuple[str, ...]
    of_process: Ints  # by process; -1 for one of which no task is in the trace and on whose node there is none

    def __len__(self) -> int:
        return len(self.names)

    def said(self, process: int) -> str:
        """The name of the process's node where that tells anything: there are several, and the process is known."""
        node = int(self.of_process[process]) if process >= 0 else -1
        return self.names[node] if len(self.names) > 1 and node >= 0 else ""


def nodes_of(trace: Trace) -> Nodes:
    """The nodes on which something of the trace ran. One whose address is not its own alone is named by the start of its id."""
    rows = trace.rows
    first = np.full(len(trace.processes), _NEVER, np.int64)
    started = (rows.process != UNKNOWN) & (rows.start != UNKNOWN)
    np.minimum.at(first, rows.process[started], rows.start[started])
    first[rows.process[started & (rows.kind == RowKind.DRIVER)]] = 0
    used = np.flatnonzero(first != _NEVER)
    used = used[np.argsort(first[used], kind="stable")]
    ids = [process.node_id for process in trace.processes]
    nodes = list(dict.fromkeys(ids[process] for process in used.tolist()))
    addresses = {process.node_id: process.node_ip for process in trace.processes if process.node_id in nodes}
    known = list(addresses.values())
    names = []
    for number, node in enumerate(nodes, start=1):
        address = addresses[node]
        names.append(f"node {number} · {address if address and known.count(address) == 1 else node[:_SHORT_ID]}")
    place = {node: number for number, node in enumerate(nodes)}
    return Nodes(tuple(names), np.array([place.get(node, -1) for node in ids], np.int64))
