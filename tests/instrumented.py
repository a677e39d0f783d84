"""Instrumented functions in a module, as a user's package would have them."""

from __future__ import annotations

import time

import ray

import nestviz


@nestviz.remote
def nap(seconds):
    """Sleep a little."""
    time.sleep(seconds)
    return seconds


@nestviz.remote
def parent_of_two(own, first, second):
    time.sleep(own)
    refs = [nap.remote(first), nap.remote(second)]
    time.sleep(own)
    values = ray.get(refs)
    time.sleep(own)
    return values


@nestviz.remote
def countdown(n):
    return [n, *ray.get(countdown.remote(n - 1))] if n else [0]


@nestviz.remote
def call(function, value):
    return ray.get(function.remote(value))
