"""Small Ray programs, each with one flaw and a twin without it. Tasks sleep for work, so that any machine has room for four."""

from __future__ import annotations

import fcntl
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import ray

import nestviz

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Pair:
    """A program that shows a diagnosis, and the same mended."""

    shown: Callable[[], object]
    mended: Callable[[], object]


@nestviz.remote
def nap(seconds, *_anything):
    time.sleep(seconds)


@nestviz.remote
def add(a, b):
    return a + b


@nestviz.remote
def make(seconds, megabytes):
    time.sleep(seconds)
    return np.ones(megabytes * MEGABYTE, np.uint8)


@nestviz.remote
def measure(array):
    time.sleep(0.1)
    return len(array)


@nestviz.remote
def split(shares):
    """Children are left to themselves, so that no process is held by a blocked parent."""
    return [nap.remote(share) for share in shares]


@nestviz.remote
def head_then_children(seconds):
    with nestviz.span("partition"):
        time.sleep(seconds)
    return [nap.remote(0.1) for _ in range(8)]


@nestviz.remote
def down(levels):
    return down.remote(levels - 1) if levels else None


@nestviz.remote
def down_in_a_loop(levels):
    for _ in range(levels):
        time.sleep(0.001)


@nestviz.remote
def total_of(refs):
    return sum(ray.get(refs))


@nestviz.remote
def total(*values):
    time.sleep(0.1)
    return sum(values)


@nestviz.remote
def slow_number():
    time.sleep(0.1)
    return 1


@nestviz.remote
def put_and_return():
    time.sleep(0.1)
    return ray.put(np.ones(8 * MEGABYTE, np.uint8))


@nestviz.remote(max_retries=1, retry_exceptions=True)
def second_time_lucky(marker):
    time.sleep(0.1)
    if marker and not Path(marker).exists():
        Path(marker).touch()
        raise ValueError("not the first time")


@nestviz.remote
def parse(text):
    return int(text)


@nestviz.remote
def load(text):
    return ray.get(parse.remote(text))


@nestviz.remote
def load_all(texts):
    return ray.get([load.remote(text) for text in texts])


@nestviz.remote
def ask():
    return ray.get(nap.remote(0.1))


@nestviz.remote
def with_lock(path, n, _after=None):
    nestviz.annotate(n=n)
    if not path:
        time.sleep(0.05)
        return
    with Path(path).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        time.sleep(0.05)


def naps(count, seconds, *arguments):
    return ray.get([nap.remote(seconds, *arguments) for _ in range(count)])


def one_after_the_other():
    return [ray.get(nap.remote(0.05)) for _ in range(8)]


def in_order(seconds):
    for ref in [nap.remote(t) for t in seconds]:
        ray.get(ref)
        time.sleep(0.04)


def as_they_come(seconds):
    refs = [nap.remote(t) for t in seconds]
    while refs:
        done, refs = ray.wait(refs)
        ray.get(done[0])
        time.sleep(0.04)


def head_and_children(seconds):
    return ray.get(ray.get(head_then_children.remote(seconds)))


def follow_down():
    ref = down.remote(10)
    while ref is not None:
        ref = ray.get(ref)


def small_additions():
    return ray.get([add.remote(i, 1) for i in range(300)])


def get_and_send_on():
    refs = [make.remote(0.05, 30) for _ in range(4)]
    return ray.get([measure.remote(ray.get(ref)) for ref in refs])


def pass_refs_on():
    return ray.get([measure.remote(ref) for ref in [make.remote(0.05, 30) for _ in range(4)]])


def lists_as_arguments():
    numbers = [list(range(i, 400_000 + i)) for i in range(8)]
    return ray.get([nap.remote(0.05, part) for part in numbers])


def the_same_list_every_time():
    numbers = list(range(400_000))
    return naps(8, 0.05, numbers)


def the_same_list_put_once():
    ref = ray.put(list(range(400_000)))
    return naps(8, 0.05, ref)


def get_many(batch):
    refs = [ray.put(i) for i in range(1_200)]
    busy = [nap.remote(0.1) for _ in range(8)]
    values = [value for first in range(0, len(refs), batch) for value in ray.get(refs[first : first + batch])]
    ray.get(busy)
    return values


def families(shares):
    return ray.get([ref for refs in ray.get([split.remote(shares) for _ in range(3)]) for ref in refs])


def total_in_a_list():
    return ray.get([total_of.remote([slow_number.remote() for _ in range(2)]) for _ in range(2)])


def total_as_arguments():
    return ray.get([total.remote(*[slow_number.remote() for _ in range(2)]) for _ in range(4)])


def get_what_was_put():
    return [ray.get(ref) for ref in ray.get([put_and_return.remote() for _ in range(8)])]


def one_lost_attempt():
    with tempfile.TemporaryDirectory() as folder:
        markers = [f"{folder}/marker", *[""] * 7]
        return ray.get([second_time_lucky.remote(marker) for marker in markers])


def no_lost_attempt():
    return ray.get([second_time_lucky.remote("") for _ in range(8)])


def load_then_work(text):
    with suppress(ValueError):
        ray.get(load_all.remote([text]))
    return naps(8, 0.1)


def alone_then_together(path):
    last = None
    for _ in range(3):
        last = with_lock.remote(path, 7, last)
    return ray.get([with_lock.remote(path, 7, last) for _ in range(24)])


def compete_for_a_lock():
    with tempfile.NamedTemporaryFile() as file:
        return alone_then_together(file.name)


def function_with_data_inside():
    data = np.ones(8 * MEGABYTE, np.uint8)

    @nestviz.remote
    def size_of_data():
        time.sleep(0.1)
        return len(data)

    return ray.get([size_of_data.remote() for _ in range(8)])


def function_without_data():
    ref = ray.put(np.ones(8 * MEGABYTE, np.uint8))
    return ray.get([measure.remote(ref) for _ in range(8)])


def defined_anew():
    refs = []
    for _ in range(8):

        @nestviz.remote
        def work():
            time.sleep(0.1)

        refs.append(work.remote())
    return ray.get(refs)


def flood():
    refs = [add.remote(i, 1) for i in range(1_500)]
    return [ray.get(refs[first : first + 500]) for first in range(0, len(refs), 500)]


def bounded():
    refs = []
    for _ in range(24):
        if len(refs) >= 8:
            _, refs = ray.wait(refs)
        refs.append(nap.remote(0.05))
    return ray.get(refs)


def small_share_of_a_cpu():
    return ray.get([nap.options(num_cpus=0.25).remote(4) for _ in range(12)])


def wait_for_a_unicorn():
    LEFT_BEHIND.append(nap.options(resources={"unicorn": 1}).remote(0))
    time.sleep(5.2)


def leave_nothing_behind():
    while LEFT_BEHIND:
        ray.cancel(LEFT_BEHIND.pop())
    return naps(8, 0.1)


LEFT_BEHIND = []
LATE_FIRST = [0.5, *[0.1] * 11]

PAIRS = {
    "too-fine-grained": Pair(small_additions, lambda: naps(8, 0.1)),
    "get-in-loop": Pair(one_after_the_other, lambda: naps(8, 0.05)),
    "get-in-submit-order": Pair(lambda: in_order(LATE_FIRST), lambda: as_they_come(LATE_FIRST)),
    "unnecessary-get": Pair(get_and_send_on, pass_refs_on),
    "large-argument": Pair(lists_as_arguments, lambda: naps(8, 0.05)),
    "repeated-argument": Pair(the_same_list_every_time, the_same_list_put_once),
    "too-many-in-one-get": Pair(lambda: get_many(1_200), lambda: get_many(100)),
    "serial-head": Pair(lambda: head_and_children(0.3), lambda: head_and_children(0.005)),
    "low-parallelism": Pair(lambda: naps(2, 0.3), lambda: naps(8, 0.1)),
    "linear-chain": Pair(follow_down, lambda: ray.get(down_in_a_loop.remote(10))),
    "imbalance": Pair(lambda: families([0.3, 0.02]), lambda: families([0.15, 0.15])),
    "straggler": Pair(lambda: ray.get([nap.remote(t) for t in [0.5, *[0.05] * 8]]), lambda: naps(8, 0.1)),
    "retried": Pair(one_lost_attempt, no_lost_attempt),
    "failure-cascade": Pair(lambda: load_then_work("ten"), lambda: load_then_work("10")),
    "not-worth-it": Pair(small_additions, lambda: naps(8, 0.1)),
    "get-on-arguments": Pair(total_in_a_list, total_as_arguments),
    "returned-put": Pair(get_what_was_put, lambda: ray.get([make.remote(0.1, 8) for _ in range(8)])),
    "closure-captures-data": Pair(function_with_data_inside, function_without_data),
    "redefined-function": Pair(defined_anew, lambda: naps(8, 0.1)),
    "work-inflation": Pair(compete_for_a_lock, lambda: alone_then_together("")),
    "submit-flood": Pair(flood, bounded),
    "worker-start": Pair(lambda: ray.get([ask.remote() for _ in range(10)]), lambda: naps(8, 0.1)),
    "fractional-cpus": Pair(small_share_of_a_cpu, lambda: naps(8, 0.1)),
    "long-pending": Pair(wait_for_a_unicorn, leave_nothing_behind),
}
