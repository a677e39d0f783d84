"""What the collector does, free of Ray: all recordings of the drivers of one node, and what goes wrong with them."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from nestviz.collector.gathering import Gathering, NodeFacts
from nestviz.collector.meeting import read_description
from nestviz.collector.portions import Portion, Receipt

__all__ = ["Gatherer"]


class Gatherer:
    """All recordings of one node. Not thread-safe: the actor has one lock around it."""

    def __init__(self, base: Path) -> None:
        """Take from the jobs' folders in the node's folder `base`."""
        self._base = base
        self._open: dict[Path, Gathering] = {}
        self.problems: dict[str, str] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no recording is being written."""
        return not self._open

    @property
    def jobs(self) -> list[str]:
        """The jobs whose recordings are being written."""
        return [folder.name for folder in self._open]

    def pull(self, now_ns: int) -> int:
        """One round over this node; returns the number of records taken. A failing journal is noted and tried again next time."""
        self._discover()
        taken = 0
        for folder, gathering in self._open.items():
            try:
                taken += gathering.pull(now_ns)
                self.problems.pop(folder.name, None)
            except OSError as error:
                self._note_problem(folder, gathering.journal, error)
        return taken

    def accept(self, portions: Mapping[str, Iterable[Portion]], now_ns: int) -> dict[str, dict[str, Receipt]]:
        """What a relay brings, by job; what is in the journals of it. Without a receipt it stays where it is."""
        receipts = {}
        for job, some in portions.items():
            gathering = self._open.get(self._base / job)
            if gathering is not None:
                try:
                    receipts[job] = gathering.accept(some, now_ns)
                except OSError as error:
                    self._note_problem(gathering.folder, gathering.journal, error)
        return receipts

    def tell(self, nodes: Mapping[str, NodeFacts], alive: Collection[str], now_ns: int) -> None:
        """What is known of the nodes, and which of them are alive."""
        for folder, gathering in self._open.items():
            try:
                for node_id, facts in nodes.items():
                    gathering.tell(node_id, facts)
                gathering.bury_others(alive, now_ns)
            except OSError as error:
                self._note_problem(folder, gathering.journal, error)

    def sync(self, folder: Path, now_ns: int) -> int:
        """Take all that this node's processes have said until now; returns the journal's length in bytes, -1 without journal."""
        self.pull(now_ns)
        gathering = self._open.get(folder)
        return gathering.position if gathering is not None else -1

    def orphans(self, now_ns: int) -> list[Path]:
        """The folders of the recordings whose drivers died without a word."""
        return [folder for folder, gathering in self._open.items() if gathering.is_orphaned(now_ns)]

    def finish(self, folder: Path, now_ns: int, state: str = "complete", reason: str = "", missing: str = "") -> None:
        """Close one recording. OSError when its journal cannot be written; then it stays open."""
        self._discover()
        gathering = self._open.get(folder)
        if gathering is not None:
            gathering.finish(state, now_ns, reason, missing)
            del self._open[folder]

    def journals(self) -> list[Path]:
        """The journals being written now."""
        return [gathering.journal for gathering in self._open.values()]

    def _discover(self) -> None:
        if not self._base.is_dir():
            return
        for folder in self._base.iterdir():
            description = None if folder in self._open else read_description(folder)
            if description is None:
                continue
            try:
                gathering = Gathering(folder, description)
            except OSError as error:
                self._note_problem(folder, description.journal, error)
                continue
            if gathering.has_ended:
                shutil.rmtree(folder, ignore_errors=True)
                gathering.close()
            else:
                self._open[folder] = gathering

    def _note_problem(self, folder: Path, journal: Path, error: OSError) -> None:
        self.problems[folder.name] = f"cannot write {journal}: {error.strerror or error}"
