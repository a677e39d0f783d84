"""Run: one of the example programs, started as a driver of its own on the same Ray."""

from __future__ import annotations

import os

import streamlit as st

from nestviz.dashboard.boxes import problem_box, problems_shown
from nestviz.dashboard.chart import preload
from nestviz.dashboard.pages import LIVE
from nestviz.dashboard.program import cluster_watch, recording_of, runs, show_output
from nestviz.dashboard.runs import Run, RunRequest
from nestviz.dashboard.sources import catalogue
from nestviz.recordings import home
from nestviz.wording import duration
from nestviz.workloads import WORKLOADS, Parameter, Workload

_POLL_S = 0.5
_MAX_CPUS = 256
_FOLLOWED = "followed_run"  # the run that was started in this tab: its recording is opened as soon as there is one


def show() -> None:
    """The form on the left, the run on the right."""
    form, progress = st.columns([5, 6], gap="large")
    with form:
        _show_form()
    with progress:
        run = runs().latest()
        st.fragment(_show_run, run_every=None if run is None or run.is_over else _POLL_S)(run is None or run.is_over)
    preload()


def _show_form() -> None:
    st.subheader("Run a program", anchor=False)
    chosen = st.selectbox("Program", list(WORKLOADS), format_func=lambda name: WORKLOADS[name].title, key="workload")
    workload = WORKLOADS[chosen or "quicksort"]
    st.text(workload.description)
    left, right = st.columns(2)
    with left:
        size = _ask(workload, "size", workload.size)
        seed = _ask(workload, "seed", workload.seed)
    with right:
        threshold = None if workload.threshold is None else _ask(workload, "threshold", workload.threshold)
        cpus = _ask_cpus()
    is_sequential_run = st.checkbox(
        "Also run it sequentially first, to compare", value=True, key="sequential", help="The same work in one process, without Ray."
    )
    request = RunRequest(workload.name, size, threshold, seed, cpus, is_sequential_run)
    last, problem = runs().latest(), cluster_watch().news().problem
    if problem:
        problem_box(problem)
    st.button(
        f"Run {request.title}",
        key="run",
        type="primary",
        icon=":material/play_arrow:",
        disabled=bool(problem) or (last is not None and not last.is_over),
        on_click=_start,
        args=(request,),
    )


def _ask(workload: Workload, what: str, parameter: Parameter) -> int:
    """A number within the parameter's range; each workload remembers its own."""
    return int(
        st.number_input(
            f"{parameter.label}",
            min_value=parameter.minimum,
            max_value=parameter.maximum,
            value=parameter.default,
            step=max(parameter.default // 20, 1),
            key=f"{what}-{workload.name}",
            help=f"{parameter.minimum:,} to {parameter.maximum:,} {parameter.unit}".strip(),
        )
    )


def _ask_cpus() -> int | None:
    """CPUs of the embedded Ray; a cluster that others run has what it has."""
    news = cluster_watch().news()
    if news.is_up and news.is_external:
        known = f"{news.cpus:g}" if news.cpus else "all"
        st.text_input("CPUs", f"{known} of the cluster at {news.address}", disabled=True, key="cluster_cpus")
        return None
    help_text = "How many tasks Ray runs at the same time. Another number than last time restarts Ray."
    default = runs().embedded_cpus or os.cpu_count() or 1
    return int(st.number_input("CPUs", min_value=1, max_value=_MAX_CPUS, value=default, key="cpus", help=help_text))


def _start(request: RunRequest) -> None:
    with problems_shown():
        known_before = frozenset(entry.recording for entry in catalogue().entries())
        st.session_state[_FOLLOWED] = runs().start(request, home(), known_before).number


def _show_run(was_over: bool) -> None:
    with problems_shown():
        run = runs().latest()
        if run is None:
            st.subheader("No run yet", anchor=False)
            st.text("Press Run. The task tree opens as soon as the program submits its first task.")
            return
        recording = recording_of(run)
        if recording and st.session_state.get(_FOLLOWED) == run.number:
            del st.session_state[_FOLLOWED]
            st.switch_page(LIVE.page(), query_params={"recording": recording})
        if run.is_over != was_over:
            st.rerun(scope="app")
        _show_state(run)
        if recording:
            st.page_link(LIVE.page(), label="Open its recording", icon=LIVE.icon, query_params={"recording": recording})
        if run.pid and run.is_over:
            show_output(run)


def _show_state(run: Run) -> None:
    title = run.request.title
    if run.stage == "failed":
        st.subheader(f"{title} failed", anchor=False)
        problem_box(run.problem or _last_line(run.output) or "It ended without a word.")
        return
    if run.is_over:
        st.subheader(f"{title} {run.stage} after {duration(round((run.ended_s - run.began_s) * 1e9))}", anchor=False)
        return
    waiting_for = run.progress or "Running, the tree opens with the first task"
    box = st.status(f"{title}: {waiting_for}", state="running", expanded=True)
    with box.container():  # leaving the box itself would say that all is done
        if run.pid:
            show_output(run)
        else:
            st.text("The first start of Ray takes some seconds; later runs use the same one.")
    st.button(
        "Stop",
        key="stop",
        icon=":material/stop_circle:",
        disabled=run.stage == "running" and bool(run.progress),
        on_click=runs().stop,
        args=(run.number,),
    )


def _last_line(output: str) -> str:
    lines = output.strip().splitlines()
    return lines[-1].strip() if lines else ""


show()
