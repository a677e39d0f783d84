"""Several nodes: clocks brought together before the join, nodes named and numbered, lanes grouped, errors said."""

from __future__ import annotations

import json

from builders import DRIVER_ID, EPOCH_NS, MS, RecordingBuilder, trace_of
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fold import programs, rows_as_text

from nestviz import figures
from nestviz.analysis.summary import summarize
from nestviz.analysis.what_if import what_if
from nestviz.cli.show_text import say_summary
from nestviz.dashboard.facts import facts_of
from nestviz.events import RECORD, RECORD_BYTES, Chunk, ChunkKind, EventKind
from nestviz.layout.lanes import worker_lanes
from nestviz.trace.fold import Fold

DAY_NS = 86_400 * 10**9
BEGIN_AND_END = {EventKind.SUBMIT, EventKind.WAIT_END, EventKind.ITEMS, EventKind.PUT}
ONLY_A = {EventKind.START, EventKind.END, EventKind.WAIT_BEGIN, EventKind.SPAN_BEGIN, EventKind.CANCEL, EventKind.ORIGIN}


def skewed(records: bytes, offset: int) -> bytes:
    """The records of a process whose counter lacks `offset` to the others'."""
    out = []
    for at in range(0, len(records), RECORD_BYTES):
        kind, flags, aux, code, a, b, *rest = RECORD.unpack_from(records, at)
        if kind in BEGIN_AND_END | ONLY_A:
            a -= offset
        if kind in BEGIN_AND_END | {EventKind.SPAN_END}:
            b -= offset
        out.append(RECORD.pack(kind, flags, aux, code, a, b, *rest) if kind != EventKind.TEXT else records[at : at + RECORD_BYTES])
    return b"".join(out)


def with_clocks(builder: RecordingBuilder, offsets: list[int], told: int = 1) -> Fold:
    """A fold of the program, had its workers run on nodes whose counters differ so; the clocks are told `told` times."""
    fold = Fold()
    for chunk in builder.chunks():
        offset = offsets[chunk.process % len(offsets)] if chunk.process else 0
        if chunk.kind == ChunkKind.EVENTS:
            fold.add([Chunk(chunk.kind, chunk.process, chunk.first, chunk.count, skewed(chunk.payload, offset))])
        elif chunk.kind == ChunkKind.PROCESS and chunk.process:
            for wrong in range(told - 1, -1, -1):
                clock = {"clock": EPOCH_NS + offset + wrong * MS, "clock_error_ns": wrong * MS + 7}
                payload = json.dumps({**json.loads(chunk.payload), **clock}).encode()
                fold.add([Chunk(chunk.kind, chunk.process, 0, 0, payload)])
        else:
            fold.add([chunk])
    return fold


@settings(max_examples=60, deadline=None)
@given(programs(), st.lists(st.integers(-400 * DAY_NS, 400 * DAY_NS), min_size=1, max_size=5), st.integers(1, 3))
def test_a_recording_of_nodes_with_different_clocks_is_that_of_one_clock(builder, offsets, told):
    skewed_trace = with_clocks(builder, offsets, told).trace(EPOCH_NS + 500 * MS)
    straight = builder.trace(now=500)
    assert rows_as_text(skewed_trace) == rows_as_text(straight)
    assert skewed_trace.segments.begin.tolist() == straight.segments.begin.tolist()
    assert skewed_trace.waits.end.tolist() == straight.waits.end.tolist()


def test_the_call_of_a_child_without_a_ref_is_timed_by_the_caller_s_clock():
    builder = RecordingBuilder()
    caller = builder.start(builder.submit("caller"), 1, process=1)
    for child, parent_id, at in ((builder.submit("a", seen=False), caller.id, 10), (builder.submit("b", seen=False), DRIVER_ID, 5)):
        builder.start(child, at + 10, process=2)
        builder._put(2, EventKind.ORIGIN, a=at * MS, scope=child.scope, ident=parent_id)
    straight = builder.trace(now=50)
    chunks = []
    for chunk in builder.chunks():
        offset = {1: 3 * DAY_NS, 2: -7 * DAY_NS}.get(chunk.process, 0)
        payload = chunk.payload
        if chunk.kind == ChunkKind.PROCESS and chunk.process:
            payload = json.dumps({**json.loads(payload), "clock": EPOCH_NS + offset}).encode()
        elif chunk.kind == ChunkKind.EVENTS and chunk.process:
            raw = [payload[at : at + RECORD_BYTES] for at in range(0, len(payload), RECORD_BYTES)]
            ids = [RECORD.unpack(one)[8] if one[0] == EventKind.ORIGIN else None for one in raw]
            own = {caller.id: 3 * DAY_NS, DRIVER_ID: 0}
            payload = b"".join(skewed(one, own.get(ident, offset)) for one, ident in zip(raw, ids, strict=True))
        chunks.append(Chunk(chunk.kind, chunk.process, chunk.first, chunk.count, payload))
    fold = Fold()
    fold.add(chunks)
    assert rows_as_text(fold.trace(EPOCH_NS + 50 * MS)) == rows_as_text(straight)


def spread(addresses=("10.0.0.4", "10.0.0.5", "10.0.0.6")) -> RecordingBuilder:
    """A driver and workers 1, 4 on the first node, 3 on the second, 2 on the third; they begin in the order 2, 1, 3, 4."""
    builder = RecordingBuilder(cpus=6)
    for process, at in ((2, 1), (1, 2), (3, 3), (4, 4)):
        builder.run(builder.submit(f"on {process}", begin=0), at, 10, process=process)
    for process, node in ((0, 0), (1, 0), (4, 0), (3, 1), (2, 2)):
        builder.about[process] = {"node_id": f"{node}abcdef0", "node_ip": addresses[node]}
    return builder


def test_nodes_are_numbered_from_the_driver_s_on_in_order_of_first_use():
    trace = spread().trace()
    assert trace.nodes.names == ("node 1 · 10.0.0.4", "node 2 · 10.0.0.6", "node 3 · 10.0.0.5")
    assert trace.nodes.of_process.tolist() == [0, 0, 1, 2, 0]


def test_nodes_that_share_an_address_or_have_none_are_named_by_their_ids():
    assert spread(("127.0.0.1", "127.0.0.1", "")).trace().nodes.names == ("node 1 · 0abcde", "node 2 · 2abcde", "node 3 · 1abcde")


def test_lanes_stand_below_their_nodes_and_keep_the_numbers_of_first_use():
    builder = spread()
    builder.submit("waiting")
    order = worker_lanes(builder.trace(now=20), 60)
    assert [lane.name for lane in order.lanes] == [
        "node 1 · 10.0.0.4", "driver", "worker 2", "worker 4",
        "node 2 · 10.0.0.6", "worker 1",
        "node 3 · 10.0.0.5", "worker 3",
        "", "1 queued",
    ]  # fmt: skip
    assert [number for number, lane in enumerate(order.lanes) if lane.is_heading] == [0, 4, 6, 8]
    trace = builder.trace(now=20)
    lanes = {trace.name_of(row): order.lanes[order.lane_of_row[row]].name for row in range(len(trace.rows))}
    assert lanes == {
        "on 1": "worker 2", "on 2": "worker 1", "on 3": "worker 3", "on 4": "worker 4", "waiting": "1 queued", "driver": "driver",
    }  # fmt: skip


def test_of_too_many_processes_only_the_nodes_with_lanes_have_headings():
    order = worker_lanes(spread().trace(), 1)
    assert [lane.name for lane in order.lanes] == ["node 1 · 10.0.0.4", "driver", "node 2 · 10.0.0.6", "worker 1", "", "3 more"]


def test_the_timeline_names_nodes_in_headings_and_hovers_only_where_there_are_several():
    several, alone = json.loads(figures.timeline(spread().trace()).to_json()), json.loads(figures.timeline(trace_of("a(b)")).to_json())
    assert several["layout"]["annotations"][0]["text"] == "node 1 · 10.0.0.4"
    assert "annotations" not in alone["layout"] or alone["layout"]["annotations"] == []
    hovers = [text for bar in several["data"] for text in bar.get("hovertext", [])]
    assert any("node 3 · 10.0.0.5" in text for text in hovers)
    assert "of 3 nodes" in several["layout"]["title"]["text"]
    assert "node" not in json.dumps(alone["data"]) + alone["layout"]["title"]["text"]


def test_an_address_from_a_journal_is_shown_literally():
    figure = figures.timeline(spread(("<b>x</b>", "10.0.0.5", "10.0.0.6")).trace()).to_json()
    assert "<b>x</b>" not in figure.replace("\\u003c", "<").replace("\\u003e", ">")


def test_details_name_the_node_among_several_and_else_give_its_id():
    trace = spread().trace()
    row = next(row for row in range(trace.count) if trace.name_of(row) == "on 2")
    assert facts_of(trace, row).node == "node 2 · 10.0.0.6"
    assert facts_of(trace_of("a"), 0).node == "n1"


def test_the_summary_says_how_far_clocks_may_be_off_only_when_they_may(capsys):
    builder = spread()
    builder.about[2]["clock_error_ns"] = 300_000
    for trace, said in ((builder.trace(), True), (trace_of("a"), False)):
        summary = summarize(trace)
        say_summary(trace, summary, what_if(trace))
        assert ("off by 300 µs" in capsys.readouterr().out) == said
        assert (summary.nodes, summary.clock_error_ns) == ((3, 300_000) if said else (1, 0))


def test_what_silent_nodes_kept_to_themselves_is_said_with_the_recording():
    builder = RecordingBuilder()
    payload = json.dumps({"state": "complete", "end_ns": EPOCH_NS, "missing": "What 2 nodes said last is missing."}).encode()
    builder.extra.append(Chunk(ChunkKind.END, 0, 0, 0, payload))
    assert builder.trace().info.problem == "What 2 nodes said last is missing."
