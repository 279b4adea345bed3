"""Items made ahead: the same, in their order, and made while others are used."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectralkit.ahead import ahead


@given(items=st.lists(st.none() | st.integers()))
def test_the_items_are_the_same_in_their_order(items: list[int | None]) -> None:
    assert list(ahead(iter(items))) == items


def test_the_next_item_is_made_while_one_is_used() -> None:
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        made.set()
        yield 1

    stream = ahead(items())
    assert next(stream) == 0
    assert made.wait(10)  # though nobody has asked for it
    assert list(stream) == [1]


def test_an_error_comes_in_its_turn() -> None:
    def items() -> Iterator[int]:
        yield 0
        raise LookupError

    stream = ahead(items())
    assert next(stream) == 0
    with pytest.raises(LookupError):
        next(stream)


def test_all_are_made_by_one_thread_and_no_more_than_one_ahead() -> None:
    threads, made = set[int](), 0

    def items() -> Iterator[int]:
        nonlocal made
        for made in range(5):
            threads.add(threading.get_ident())
            yield made

    for used in ahead(items()):
        assert made <= used + 1
    assert len(threads) == 1
    assert threading.get_ident() not in threads
