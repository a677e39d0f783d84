"""Capture on a real Ray: a drop-in for `ray.remote` whose records are true."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import instrumented
import pytest
from output import own

import nestviz
from nestviz.events import RowKind
from nestviz.recordings import Catalogue

pytestmark = pytest.mark.ray

MS = 1_000_000


@pytest.fixture(autouse=True)
def ray(ray_session):
    """The functions of this module need a Ray; workers are warmed up, so that queue times are not process starts."""
    ray_session.get([instrumented.nap.remote(0.02) for _ in range(4)])
    return ray_session


def rows_of(trace):
    return [row for row in trace.to_arrow().to_pylist() if row["kind"] == "task"]


def close_to(seconds):
    return pytest.approx(seconds * 1e9, abs=2 * MS + 0.02 * seconds * 1e9)


def test_phases_of_known_sleeps_are_true(ray):
    ray.get(instrumented.parent_of_two.remote(0.01, 0.1, 0.1))
    with nestviz.record("known sleeps") as section:
        own, waited, naps = ray.get(instrumented.parent_of_two.remote(0.15, 0.2, 0.4))
    rows = rows_of(section.trace())
    (parent,) = [row for row in rows if row["name"] == "parent_of_two"]
    children = [row for row in rows if row["name"] == "nap"]
    assert [row["parent_id"] for row in children] == [parent["task_id"]] * 2
    assert [row["end"] - row["start"] for row in children] == [close_to(nap) for nap in naps]
    inside = parent["end"] - parent["start"] - parent["blocked"] - parent["receive"] - parent["spawn"]
    assert inside == close_to(own)
    assert parent["blocked"] + parent["receive"] == close_to(waited)
    get_began = parent["start"] + parent["spawn"] + own * 2 / 3 * 1e9
    assert parent["blocked"] == pytest.approx(max(row["end"] for row in children) - get_began, abs=10 * MS)


def test_the_tree_is_what_the_program_built(ray):
    with nestviz.record("countdown") as section:
        assert ray.get(instrumented.countdown.remote(4)) == [4, 3, 2, 1, 0]
    rows = rows_of(section.trace())
    assert [row["depth"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["parent_id"] for row in rows[1:]] == [row["task_id"] for row in rows[:-1]]
    assert rows[0]["parent_id"] == ray.get_runtime_context().get_job_id().rjust(48, "f")


def test_ray_s_own_ids_are_the_ids(ray):
    with nestviz.record("ids") as section:
        ref = instrumented.nap.remote(0)
        ray.get(ref)
    assert [row["task_id"] for row in rows_of(section.trace())] == [ref.task_id().hex()]


def test_options_defaults_keywords_and_several_returns(ray):
    @nestviz.remote(num_cpus=1, num_returns=2)
    def pair(a, b=2, *rest, c=3, **more):
        return (a, b, rest), (c, more)

    with nestviz.record("options") as section:
        assert ray.get(pair.remote(1)) == [(1, 2, ()), (3, {})]
        assert ray.get(pair.options(name="named").remote(1, 5, 6, c=7, d=8)) == [(1, 5, (6,)), (7, {"d": 8})]
        assert ray.get(pair.options(num_returns=1).remote(1)) == ((1, 2, ()), (3, {}))
    assert [row["name"] for row in rows_of(section.trace())] == ["pair", "named", "pair"]


def test_bound_calls_are_recorded(ray):
    with nestviz.record("bind") as section:
        assert ray.get(instrumented.nap.bind(0.01).execute()) >= 0.01
    assert [(row["name"], row["state"]) for row in rows_of(section.trace())] == [("nap", "finished")]


def test_a_call_without_returns_has_its_parent(ray):
    @nestviz.remote(num_returns=0)
    def note(value):
        return value

    @nestviz.remote
    def caller():
        assert note.remote(1) is None

    with nestviz.record("no returns") as section:
        ray.get(caller.remote())
        assert note.remote(2) is None
    deadline = time.monotonic() + 60
    notes = []
    while time.monotonic() < deadline and len(notes) < 2:  # nobody can wait for what returns nothing
        trace = load_now(section)
        notes = [row for row in rows_of(trace) if row["name"] == "note"]
    callers = [row for row in rows_of(trace) if row["name"] == "caller"]
    assert sorted(row["parent_id"] for row in notes) == sorted([callers[0]["task_id"], callers[0]["parent_id"]])


def load_now(section):
    return nestviz.load(section.recording, section=section.name)


def test_generators_stream_as_before(ray):
    @nestviz.remote
    def numbers(n):
        for number in range(n):  # noqa: UP028 - Ray sends into the generator, which a range cannot take
            yield number

    with nestviz.record("generator") as section:
        assert [ray.get(ref) for ref in numbers.remote(3)] == [0, 1, 2]
    (row,) = rows_of(section.trace())
    assert (row["name"], row["state"]) == ("numbers", "finished")


def test_an_exception_is_ray_s_own_and_the_task_has_failed(ray):
    @nestviz.remote(max_retries=0)
    def fail():
        raise ValueError("no such luck")

    with nestviz.record("failure") as section:
        with pytest.raises(ValueError, match="no such luck") as caught:
            ray.get(fail.remote())
        assert isinstance(caught.value, ray.exceptions.RayTaskError)
        assert "in fail" in str(caught.value)
    (row,) = rows_of(section.trace())
    assert (row["state"], row["error"]) == ("failed", "ValueError: no such luck")


def test_retries_are_attempts_of_one_task(ray, tmp_path):
    marker = tmp_path / "tried"

    @nestviz.remote(max_retries=2, retry_exceptions=True)
    def flaky():
        if not marker.exists():
            marker.write_text("")
            raise OSError("once")
        return "well"

    with nestviz.record("retry") as section:
        assert ray.get(flaky.remote()) == "well"
    rows = rows_of(section.trace())
    assert [(row["attempt"], row["state"]) for row in rows] == [(0, "failed"), (1, "finished")]
    assert len({row["task_id"] for row in rows}) == 1


def test_signature_and_docstring_are_kept(ray):
    def original(a, b=1, *, c):
        """Say what it does."""

    remote = nestviz.remote(original)
    assert inspect.signature(remote.remote) == inspect.signature(original)
    assert remote.remote.__doc__ == "Say what it does."
    assert isinstance(remote, ray.remote_function.RemoteFunction)
    with pytest.raises(TypeError, match="missing a required argument"):
        remote.remote(1)


def test_functions_travel_to_other_tasks(ray):
    @nestviz.remote
    def double(x):
        return 2 * x

    with nestviz.record("passed on") as section:
        assert ray.get(instrumented.call.remote(double, 21)) == 42
    rows = rows_of(section.trace())
    assert [(row["name"], row["depth"]) for row in rows] == [("call", 1), ("double", 2)]


def test_wait_with_a_timeout_is_recorded_and_returns_what_ray_returns(ray):
    with nestviz.record("wait") as section:
        slow, quick = instrumented.nap.remote(0.5), instrumented.nap.remote(0.05)
        assert ray.wait([slow, quick], num_returns=1) == ([quick], [slow])
        assert ray.wait([slow], timeout=0.01) == ([], [slow])
        with pytest.raises(ray.exceptions.GetTimeoutError):
            ray.get(slow, timeout=0.01)
        ray.get(slow)
    waits = section.trace().waits
    assert waits.asked.tolist() == [2, 1, 1, 1]
    assert [int(waits.got[waits.offset[i] : waits.offset[i + 1]].sum()) for i in range(4)] == [1, 0, 0, 1]


def test_annotations_and_spans_belong_to_their_task(ray):
    @nestviz.remote
    def work(items):
        with nestviz.span("inner"):
            nestviz.annotate(n=len(items), ratio=0.5, label="x")
            child = instrumented.nap.remote(0)
        return ray.get(child)

    with nestviz.record("annotated") as section:
        ray.get(work.remote([1, 2, 3]))
    trace = section.trace()
    table = {row["name"]: row for row in trace.to_arrow().to_pylist()}
    assert table["work"]["size"] == 3
    assert table["inner"]["parent_id"] == table["work"]["task_id"]
    assert table["nap"]["parent_id"] == table["work"]["task_id"]
    assert table["nap"]["block_id"] == table["inner"]["task_id"]
    assert sorted(zip(trace.notes.key, trace.notes.value, strict=True)) == [("label", "x"), ("n", 3), ("ratio", 0.5)]
    with pytest.raises(nestviz.errors.CaptureError, match="numbers and short strings"):
        nestviz.annotate(n=[1])


def test_threads_of_a_task_count_for_the_task(ray):
    @nestviz.remote
    def threaded():
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda x: ray.get(instrumented.nap.remote(x)), [0.01, 0.02]))

    with nestviz.record("threads") as section:
        assert ray.get(threaded.remote()) >= 0.03
    rows = rows_of(section.trace())
    assert [row["parent_id"] for row in rows if row["name"] == "nap"] == [rows[0]["task_id"]] * 2


def test_an_end_reaches_the_journal_though_nothing_else_happens(ray):
    with nestviz.record("idle"):
        pass
    ref = instrumented.nap.remote(0.01)
    ray.wait([ref])
    recording = nestviz.capture.session.current_recording().recording
    deadline = time.monotonic() + 60
    states = []
    while time.monotonic() < deadline and states != ["finished"]:
        rows = rows_of(nestviz.load(recording))
        states = [row["state"] for row in rows if row["task_id"] == ref.task_id().hex()]
    assert states == ["finished"]


def test_a_plain_task_that_calls_an_instrumented_one_is_an_unknown_parent(ray):
    @ray.remote
    def plain():
        return ray.get(instrumented.nap.remote(0))

    with nestviz.record("plain parent") as section:
        ray.get(plain.remote())
    trace = nestviz.load(section.recording)
    assert RowKind.UNKNOWN_PARENT in trace.rows.kind.tolist()


SCRIPT = """
import ray, nestviz
ray.init(log_to_driver=False, configure_logging=False)

@nestviz.remote
def triangle(n):
    "Sum of 0…n, the slow way."
    return n + ray.get(triangle.remote(n - 1)) if n else 0

print(ray.get(triangle.remote(3)))
"""


def run_script(ray, tmp_path, code, **environment):
    path = Path(tmp_path) / "program.py"
    path.write_text(textwrap.dedent(code), encoding="utf-8")
    home = Path(tmp_path) / "home"
    address = ray.get_runtime_context().gcs_address
    env = {**os.environ, "RAY_ADDRESS": address, "NESTVIZ_HOME": str(home), **environment}
    done = subprocess.run([sys.executable, str(path)], env=env, capture_output=True, text=True, timeout=120, check=False)
    done.stdout = own(done.stdout)
    return done, Catalogue(home).entries()


def test_a_script_s_recording_is_complete_when_the_driver_has_exited(ray, tmp_path):
    done, entries = run_script(ray, tmp_path, SCRIPT)
    assert (done.stdout, done.returncode) == ("6\n", 0)
    (entry,) = entries
    assert (entry.name, entry.state, entry.tasks) == ("program", "complete", 4)
    assert {row["state"] for row in rows_of(nestviz.load(entry.path))} == {"finished"}
    assert entry.recording.startswith("program-2")


def test_switched_off_it_is_plain_ray(ray, tmp_path):
    done, entries = run_script(ray, tmp_path, SCRIPT, NESTVIZ="0")
    assert (done.stdout, done.returncode, entries) == ("6\n", 0, ())


def test_a_failing_driver_keeps_its_status_and_its_recording(ray, tmp_path):
    done, entries = run_script(ray, tmp_path, SCRIPT + "\nraise SystemExit(3)\n")
    assert done.returncode == 3
    assert [entry.state for entry in entries] == ["complete"]


def test_a_driver_killed_leaves_an_interrupted_recording(ray, tmp_path):
    code = SCRIPT + "\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    done, _ = run_script(ray, tmp_path, code)
    assert done.returncode == -9
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        (entry,) = Catalogue(Path(tmp_path) / "home").entries()
        if entry.state != "live":
            break
        time.sleep(0.2)
    assert (entry.state, entry.tasks) == ("interrupted", 4)


def test_a_read_only_home_does_not_disturb_the_program(ray, tmp_path):
    (tmp_path / "blocked").write_text("a file where the folder should be")
    done, _ = run_script(ray, tmp_path, SCRIPT, NESTVIZ_HOME=str(tmp_path / "blocked" / "home"))
    assert (done.stdout, done.returncode) == ("6\n", 0)


def test_several_drivers_do_not_mix(ray, tmp_path):
    code = SCRIPT.replace("print(", "import sys\nprint(")
    path = tmp_path / "twin.py"
    path.write_text(code, encoding="utf-8")
    env = {**os.environ, "RAY_ADDRESS": ray.get_runtime_context().gcs_address, "NESTVIZ_HOME": str(tmp_path / "home")}
    twins = [subprocess.Popen([sys.executable, str(path)], env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [twin.communicate(timeout=120)[0].splitlines()[-1] for twin in twins] == ["6", "6"]
    entries = Catalogue(tmp_path / "home").entries()
    assert [entry.tasks for entry in entries] == [4, 4]
    assert len({entry.recording for entry in entries}) == 2


WORKER_MODULES = """
import ray, nestviz
ray.init(log_to_driver=False, configure_logging=False)

@nestviz.remote
def loaded():
    import sys
    return sorted(name for name in ("numpy", "pyarrow", "networkx", "plotly", "streamlit") if name in sys.modules)

@ray.remote
def plain():
    import sys
    return sorted(name for name in ("numpy", "pyarrow", "networkx", "plotly", "streamlit") if name in sys.modules)

print(ray.get(loaded.options(runtime_env={"env_vars": {"FRESH": "1"}}).remote()))
print(ray.get(plain.options(runtime_env={"env_vars": {"FRESH": "2"}}).remote()))
"""


def test_a_worker_loads_nothing_for_nestviz_that_ray_does_not_load(ray, tmp_path):
    done, _ = run_script(ray, tmp_path, WORKER_MODULES)
    traced, plain = done.stdout.splitlines()
    assert traced == plain


def collector_of(ray):
    from nestviz.capture.session import _session

    return _session.collector, str(_session.recording.folder), str(_session.recording.journal)


def test_the_collector_serves_everything_after_a_position(ray):
    with nestviz.record("served"):
        ray.get(instrumented.nap.remote(0))
    collector, folder, journal = collector_of(ray)
    length = ray.get(collector.sync.remote(folder))
    data = Path(journal).read_bytes()[:length]
    assert ray.get(collector.read.remote(journal, 0, 100)) == data[:100]
    assert ray.get(collector.read.remote(journal, 100, length - 100)) == data[100:]
    assert ray.get(collector.read.remote("/etc/passwd", 0, 100)) == b""
    assert journal in ray.get(collector.journals.remote())


def test_a_killed_collector_comes_back_and_nothing_is_lost_or_doubled(ray):
    with nestviz.record("before the kill"):
        ray.get([instrumented.nap.remote(0) for _ in range(5)])
    collector, _, _ = collector_of(ray)
    ray.kill(collector, no_restart=False)
    with nestviz.record("after the kill") as section:
        ray.get([instrumented.nap.remote(0) for _ in range(5)])
    deadline = time.monotonic() + 60
    rows = []
    while time.monotonic() < deadline and len(rows) < 5:
        try:
            rows = rows_of(load_now(section))
        except nestviz.errors.RecordingNotFound:
            rows = []
    assert [row["state"] for row in rows] == ["finished"] * 5
    trace = nestviz.load(section.recording)
    assert trace.lost_events == 0
    assert len(rows_of(trace.section_named("before the kill"))) == 5
    assert trace.info.state == "live"
