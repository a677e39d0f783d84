"""Instrumented functions in a module, as a user's package would have them."""

from __future__ import annotations

import time

import ray

import nestviz


@nestviz.remote
def nap(seconds):
    """Sleep a little; returns how long it really was."""
    return slept(seconds)


def slept(seconds):
    begin = time.perf_counter()
    time.sleep(seconds)
    return time.perf_counter() - begin


@nestviz.remote
def parent_of_two(own, first, second):
    """Sleep three times, with two naps in between; returns its own time, the time in `ray.get`, and the naps' times."""
    before = slept(own)
    refs = [nap.remote(first), nap.remote(second)]
    between = slept(own)
    begin = time.perf_counter()
    naps = ray.get(refs)
    waited = time.perf_counter() - begin
    return before + between + slept(own), waited, naps


@nestviz.remote
def countdown(n):
    return [n, *ray.get(countdown.remote(n - 1))] if n else [0]


@nestviz.remote
def call(function, value):
    return ray.get(function.remote(value))
