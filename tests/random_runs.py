"""Random programs that might have run so: with as many CPUs as they want, and waits that end when their results are there."""

from __future__ import annotations

from builders import RecordingBuilder
from hypothesis import strategies as st

from nestviz.events import State


@st.composite
def runs(draw, tasks=25):
    """A finished recording: children got in any way or never, children that outlive their parent, retries, failures, passed refs."""
    rng = draw(st.randoms(use_true_random=False))
    return random_run(rng, draw(st.integers(1, tasks)))


def random_run(rng, tasks, cpus=64):
    run = _Run(rng, tasks, cpus)
    now, made = 0, []
    while run.left:
        child, end = run.call(None, now, made)
        made.append((child, end))
        now = run.wait_maybe(None, made, now + rng.randint(3, 6))
    run.builder.close(max(end for _, end in run.all))
    return run.builder


class _Run:
    def __init__(self, rng, tasks, cpus):
        self.rng, self.left = rng, tasks
        self.builder = RecordingBuilder(cpus=cpus)
        self.all = []

    def call(self, parent, at, siblings):
        """Submit a task and run it with everything below; returns it and its end."""
        rng, builder = self.rng, self.builder
        self.left -= 1
        handed = at + rng.randint(0, 2)
        task = builder.submit(f"f{rng.randint(0, 2)}", parent, at, handed, size=rng.choice([-1, rng.randint(1, 100)]))
        ready = handed
        if siblings and rng.random() < 0.15:
            on, ended = rng.choice(siblings)
            builder.depend(task, on)
            ready = max(ready, ended)
        now = ready + rng.randint(0, 5)
        builder.start(task, now)
        if rng.random() < 0.1:
            now += rng.randint(1, 5)
            builder.end(task, now, State.FAILED, "E: first try")
            now += rng.randint(1, 5)
            builder.start(task, now, attempt=1)
        end = self.body(task, now + rng.randint(1, 9))
        builder.end(task, end, rng.choice([State.FINISHED] * 6 + [State.FAILED]))
        self.all.append((task, end))
        return task, end

    def body(self, task, now):
        made = []
        while self.left and self.rng.random() < 0.6:
            made.append(self.call(task, now, made))
            now = self.wait_maybe(task, made, now + self.rng.randint(3, 6))
        if made and self.rng.random() < 0.6:
            now = self.get(task, made, now)
        return now + self.rng.randint(1, 9)

    def wait_maybe(self, waiter, made, now):
        chance = self.rng.random()
        if chance < 0.2:
            return self.get(waiter, self.rng.sample(made, self.rng.randint(1, len(made))), now)
        if chance < 0.3:
            return self.first_of(waiter, made, now)
        return now

    def get(self, waiter, some, now):
        end = max(now, *(ended for _, ended in some)) + self.rng.randint(1, 3)
        self.builder.get(waiter, [task for task, _ in some], now, end)
        return end + self.rng.randint(1, 4)

    def first_of(self, waiter, made, now):
        first, ended = min(made, key=lambda one: one[1])
        end = max(now + 1, ended)
        self.builder.wait(waiter, [task for task, _ in made], now, end, got=[first])
        return end + self.rng.randint(1, 4)
