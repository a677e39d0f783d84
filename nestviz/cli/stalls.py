"""What `nestviz show` says of a program that waits for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nestviz.cli.output import say
from nestviz.wording import count, duration, printable

if TYPE_CHECKING:
    from nestviz.analysis.stall import Stall
    from nestviz.trace.model import Trace

__all__ = ["say_stall", "stall_as_json"]

_MOST = 8
_LINKS_AT_EACH_END = 4


def say_stall(trace: Trace, stall: Stall) -> None:
    """How long it has lasted, then per kind of task what it needs, who holds that, and who waits for it."""
    from nestviz.analysis.stall_words import reason_of, title_of

    say("")
    say(f"{title_of(stall)}: nothing has moved for {duration(stall.lasted_ns)}")
    for stuck in stall.stuck[:_MOST]:
        say(f"  {printable(reason_of(trace, stuck))}")
        names = [printable(trace.name_of(row)) for row in stuck.chain]
        if len(names) > 2 * _LINKS_AT_EACH_END:
            left_out = len(names) - 2 * _LINKS_AT_EACH_END
            names[_LINKS_AT_EACH_END:-_LINKS_AT_EACH_END] = [f"({count(left_out)} more)"]
        say(f"    waited for by: {' → '.join(names)}")
    if len(stall.stuck) > _MOST:
        say(f"  and {count(len(stall.stuck) - _MOST)} more kinds of tasks")


def stall_as_json(trace: Trace, stall: Stall) -> dict[str, object]:
    """All of it; tasks are named by id and name."""
    from nestviz.analysis.stall_words import reason_of

    return {
        "since_ns": stall.since_ns,
        "lasted_ns": stall.lasted_ns,
        "confidence": stall.confidence,
        "waiting": stall.waiting,
        "pending": stall.pending,
        "stuck": [
            {
                **_task(trace, stuck.row),
                "tasks": stuck.count,
                "needs": stuck.needs,
                "confidence": stuck.confidence,
                "reason": reason_of(trace, stuck),
                "holders": [{**_task(trace, holder.row), "holds": holder.holds} for holder in stuck.holders],
                "chain": [_task(trace, row) for row in stuck.chain],
            }
            for stuck in stall.stuck
        ],
    }


def _task(trace: Trace, row: int) -> dict[str, object]:
    return {"task_id": trace.rows.task_id[row].tobytes().hex(), "name": trace.name_of(row)}
