"""With Ray's dashboard on, the State API tells the true tree, also of a program that knows nothing of nestviz."""

from __future__ import annotations

import pytest
from test_join_ray import NESTED, TASKS_OF_NESTED, Programs, finished, newest_job, rows_of

pytestmark = pytest.mark.ray

DEATHS = """
import os, time, ray

@ray.remote(max_retries=0)
def dies():
    os._exit(1)

@ray.remote
def parent():
    try:
        ray.get(dies.remote())
    except ray.exceptions.RayError as error:
        return type(error).__name__

ray.init(log_to_driver=False, configure_logging=False)
never = dies.options(resources={"moon": 1}).remote()
print(ray.get(parent.remote()), flush=True)
ray.cancel(never)
time.sleep(1.2)  # a worker tells Ray once a second, and not when it is ended
"""


@pytest.fixture(scope="module")
def dashboard_ray(no_session_ray):
    import ray

    ray.init(num_cpus=4, include_dashboard=True, dashboard_host="127.0.0.1", log_to_driver=False, configure_logging=False)
    yield ray
    ray.shutdown()


@pytest.fixture
def programs(dashboard_ray, tmp_path):
    started = Programs(tmp_path, dashboard_ray.get_runtime_context().gcs_address)
    yield started
    started.end()


def parents_by_ray(job):
    from ray.util.state import list_tasks

    found = list_tasks(filters=[("job_id", "=", job)], limit=10_000, detail=True)
    return {task.task_id: task.parent_task_id for task in found if not task.name.startswith("Nestviz")}


def parents_in(trace):
    return {row["task_id"]: row["parent_id"] for row in rows_of(trace)}


def test_attach_gives_the_true_tree(programs):
    program = programs.program(NESTED)
    assert program.stdout.readline() == "4\n"
    job = newest_job()
    finished(programs.attach("--job", job, "--once"))
    trace = programs.recorded()
    assert parents_in(trace) == parents_by_ray(job)
    assert len(rows_of(trace)) == TASKS_OF_NESTED
    assert trace.rows.depth.max() == 4
    assert trace.sources == ("ray.timeline", "state api")
    assert len(trace.missing) == 1
    assert all(row["pid"] > 0 and row["node_id"] and row["submit_begin"] for row in rows_of(trace))


def test_the_tree_of_a_recorded_program_is_ray_s_and_all_sources_are_used(programs):
    program = programs.program(NESTED, "-m", "nestviz", "run")
    assert program.stdout.readline() == "4\n"
    job = newest_job()
    program.communicate(timeout=60)
    trace = programs.recorded()
    assert parents_in(trace) == parents_by_ray(job)
    assert trace.sources == ("capture", "ray.timeline", "state api")
    assert trace.missing == ()


def test_the_fate_of_the_dead_and_of_what_never_started_is_told(programs):
    out, _ = finished(programs.program(DEATHS, "-m", "nestviz", "run"))
    assert out.endswith("WorkerCrashedError\n")
    died, never = sorted((row for row in rows_of(programs.recorded()) if row["name"] == "dies"), key=lambda row: row["start"] is None)
    assert (died["state"], died["error"].split(":")[0]) == ("lost", "WORKER_DIED")
    assert (never["state"], never["start"]) == ("cancelled", None)
