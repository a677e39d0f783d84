"""What the collector does, free of Ray: take records from rings and relays and append them to journals, each exactly once."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from nestviz.collector.gathering import Gathering, NodeFacts
from nestviz.collector.meeting import read_description
from nestviz.collector.portions import Portion, Receipt
from nestviz.collector.problems import clear_problem, leave_problem, reason_of
from nestviz.errors import JournalError

__all__ = ["Gatherer"]

_WHO = "collector"


class Gatherer:
    """All recordings of one node. Not thread-safe: the actor has one lock around it."""

    def __init__(self, base: Path) -> None:
        """Take from the jobs' folders in the node's folder `base`."""
        self._base = base
        self._open: dict[Path, Gathering] = {}
        self._endings: dict[Path, tuple[str, int, str, str]] = {}
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
        for folder, gathering in list(self._open.items()):
            try:
                taken += gathering.pull(now_ns)
                if folder in self._endings:
                    gathering.finish(*self._endings[folder])
                self._forget_problem(folder)
            except OSError as error:
                self._note_problem(folder, gathering.journal, error)
            if gathering.has_ended:
                self._endings.pop(folder, None)
                del self._open[folder]
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
        return [folder for folder, one in self._open.items() if folder not in self._endings and one.is_orphaned(now_ns)]

    def finish(self, folder: Path, now_ns: int, state: str = "complete", reason: str = "", missing: str = "") -> None:
        """Close one recording, now or, where its journal cannot be written yet, as soon as it can."""
        if folder.is_dir():
            self._endings[folder] = (state, now_ns, reason, missing)
        self.pull(now_ns)

    def journals(self) -> list[Path]:
        """The journals being written now."""
        return [gathering.journal for gathering in self._open.values()]

    def _discover(self) -> None:
        for folder in self._base.iterdir() if self._base.is_dir() else ():
            description = None if folder in self._open else read_description(folder)
            if description is None:
                continue
            try:
                gathering = Gathering(folder, description)
            except (JournalError, OSError) as error:
                self._note_problem(folder, description.journal, error)
                continue
            if gathering.has_ended:
                shutil.rmtree(folder, ignore_errors=True)
                gathering.close()
                self._endings.pop(folder, None)
            else:
                self._open[folder] = gathering

    def _note_problem(self, folder: Path, journal: Path, error: Exception) -> None:
        """Remember it, and say it where the dashboard looks."""
        reason = reason_of(error, journal)
        if self.problems.get(folder.name) != reason:
            self.problems[folder.name] = reason
            if not isinstance(error, BlockingIOError):  # whoever salvages or sweeps has it for a moment
                leave_problem(folder, _WHO, reason)

    def _forget_problem(self, folder: Path) -> None:
        if self.problems.pop(folder.name, None) is not None:
            clear_problem(folder, _WHO)
