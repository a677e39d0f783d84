"""A program that makes every kind of call that Ray has, unmodified Ray, run under `nestviz run`.

Each function of `STEPS` is one kind; the driver runs them one after the other and prints what each returned.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ray
from ray import get, wait
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

SCRATCH = Path(sys.argv[1] if len(sys.argv) > 1 else ".")


@ray.remote
def leaf(x=0):
    return x


@ray.remote
def nap(seconds):
    time.sleep(seconds)
    return seconds


@ray.remote(num_returns=0)
def nothing():
    return None


@ray.remote
def calls_nothing():
    return nothing.remote()


@ray.remote(num_returns=3)
def three():
    return 1, 2, 3


@ray.remote(num_returns="dynamic")
def dynamic(n):
    for i in range(n):  # noqa: UP028 - a generator function is what is shown
        yield i


@ray.remote
def stream(n):
    for i in range(n):
        time.sleep(0.02)
        yield i


@ray.remote
def grandparent():
    return [leaf.remote(i) for i in range(2)]


@ray.remote
def defines_inside(x):
    @ray.remote
    def inner(y):
        return y + 1

    return get(inner.remote(x))


@ray.remote
def in_threads():
    results = []
    thread = threading.Thread(target=lambda: results.append(get(leaf.remote(1))))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(2) as pool:
        results += pool.map(lambda x: get(leaf.remote(x)), [2, 3])
    return sum(results)


@ray.remote
def puts(n):
    return get([ray.put(bytes(n)), ray.put(bytes(n))]) == [bytes(n)] * 2


@ray.remote(max_retries=2, retry_exceptions=True)
def fails_once(path):
    if not Path(path).exists():
        Path(path).write_text("")
        raise OSError("once")
    return "well"


@ray.remote(max_retries=2)
def dies_once(path):
    if not Path(path).exists():
        Path(path).write_text("")
        os._exit(1)
    return "alive"


@ray.remote(max_calls=1)
def once(x):
    return get(leaf.remote(x))


@ray.remote
def waits_for_ever(marker):
    Path(marker).write_text("")
    return get(nap.remote(1_000))


@ray.remote
class Counter:
    def __init__(self, start=0):
        self.value = start

    def add(self, n=1):
        self.value = self._sum(n)
        return self.value

    def _sum(self, n):
        return self.value + n

    @ray.method(num_returns=2)
    def pair(self):
        return 1, 2

    @ray.method(num_returns=0)
    def quiet(self):
        self.value += 1

    def spawn(self, n):
        return get([leaf.remote(i) for i in range(n)])

    def items(self, n):
        for i in range(n):  # noqa: UP028 - Ray sends into the generator, which a range cannot take
            yield i

    @staticmethod
    def fixed():
        return "fixed"

    @classmethod
    def known(cls):
        return cls.__name__

    def leave(self):
        ray.actor.exit_actor()


@ray.remote(max_concurrency=2)
class Threaded:
    def work(self, x):
        return get(leaf.remote(x))


@ray.remote(concurrency_groups={"io": 2})
class Async:
    async def one(self, x):
        return await leaf.remote(x)

    async def gathered(self, seconds):
        return await asyncio.gather(*(nap.remote(s) for s in seconds))

    @ray.method(concurrency_group="io")
    async def grouped(self, x):
        await asyncio.sleep(0.01)
        return await leaf.remote(x)

    async def items(self, n):
        for i in range(n):
            await asyncio.sleep(0.01)
            yield i


@ray.remote
class Outer:
    def __init__(self):
        self.inner = Counter.options(num_cpus=0).remote(5)

    def call(self):
        return get(self.inner.add.remote(2))


def plain_calls():
    named = leaf.options(name="renamed", num_cpus=0.5)
    return [get(leaf.remote(1)), get(named.remote(2)), get(three.remote()), get(defines_inside.remote(3))]


def no_returns():
    get(calls_nothing.remote())
    return nothing.remote()


def generators():
    return [[get(ref) for ref in get(dynamic.remote(3))], [get(ref) for ref in stream.remote(3)]]


def refs():
    a = leaf.remote(4)
    return [get(leaf.remote(a)), get(get(grandparent.remote())), get(leaf.bind(leaf.bind(6)).execute())]


def waiting():
    slow, quick = nap.remote(0.4), nap.remote(0.01)
    ready, rest = wait([slow, quick], num_returns=1)
    assert (ready, rest) == ([quick], [slow])
    assert wait([slow], timeout=0.01) == ([], [slow])
    return get(slow)


def threads_and_puts():
    return [get(in_threads.remote()), get(puts.remote(1_000_000))]


def retries():
    failed, died = str(SCRATCH / "failed"), str(SCRATCH / "died")
    return [get(fails_once.remote(failed)), get(dies_once.remote(died)), get([once.remote(i) for i in range(2)])]


def cancelled():
    outcomes = []
    for number, options in enumerate(({}, {"force": True}, {"recursive": False})):
        marker = SCRATCH / f"started-{number}"
        ref = waits_for_ever.options(max_retries=0).remote(str(marker))
        while not marker.exists():
            time.sleep(0.01)
        time.sleep(0.5)  # Ray can lose an interrupt that comes while a task makes a call; it is to find the task waiting
        ray.cancel(ref, **options)
        try:
            get(ref)
        except (ray.exceptions.TaskCancelledError, ray.exceptions.WorkerCrashedError) as problem:
            outcomes.append(type(problem).__name__)
    never = leaf.options(resources={"unobtainable": 1}).remote()
    ray.cancel(never)
    try:
        get(never)
    except ray.exceptions.TaskCancelledError:
        outcomes.append("never")
    return len(outcomes)


def actors():
    counter = Counter.options(name="the counter", num_cpus=0).remote(10)
    same = ray.get_actor("the counter")
    counter.quiet.remote()
    result = [get(counter.add.remote(5)), get(same.add.remote()), get(counter.pair.remote()), get(counter.spawn.remote(2))]
    result += [get(counter.fixed.remote()), get(counter.known.remote()), [get(ref) for ref in counter.items.remote(2)]]
    try:
        get(counter.leave.remote())
    except ray.exceptions.RayActorError:
        result.append("left")
    return [*result, get(Outer.options(num_cpus=0).remote().call.remote())]


def concurrent_actors():
    threaded, asynchronous = Threaded.remote(), Async.remote()
    result = [sorted(get([threaded.work.remote(i) for i in range(2)])), get(asynchronous.one.remote(1))]
    result += [get(asynchronous.gathered.remote([0.1, 0.2])), get(asynchronous.grouped.remote(2))]
    return [*result, [get(ref) for ref in asynchronous.items.remote(2)]]


def environments():
    group = placement_group([{"CPU": 1}])
    get(group.ready())
    inside = leaf.options(scheduling_strategy=PlacementGroupSchedulingStrategy(group)).remote("in a group")
    result = [get(leaf.options(runtime_env={"env_vars": {"EXTRA": "1"}}).remote("elsewhere")), get(inside)]
    remove_placement_group(group)
    return result


STEPS = (
    plain_calls, no_returns, generators, refs, waiting, threads_and_puts, retries, cancelled, actors, concurrent_actors, environments,
)  # fmt: skip


def main():
    ray.init(log_to_driver=False, configure_logging=False, **({"num_cpus": 4} if "RAY_ADDRESS" not in os.environ else {}))
    for step in STEPS:
        print(step.__name__, step(), flush=True)
    if "hold" in sys.argv:
        print("holding", flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main()
