"""Numpy's or torch's work on one thread.

The fit's systems have some hundred unknowns; dividing them between threads costs more than it saves, up to twenty times
more where another process is busy, because the threads spin while they wait for each other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import torch
from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
R = TypeVar("R")


def one_blas_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Run ``function`` with numpy's BLAS limited to one thread; torch's own threads are not touched."""

    @functools.wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        with _controller().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Limit torch to one thread, where its steps are many and small or threads of our own share the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
