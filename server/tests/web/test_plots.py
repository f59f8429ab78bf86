"""The geometry of plots: zero-based, in scale, with gaps, labels apart."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akako.web.staff.figures import plots

numbers = st.integers(0, 10**9)


@given(st.floats(0, 1e12))
def test_the_axis_ends_at_a_round_number_above_the_highest_value(most: float) -> None:
    top = plots.ceiling(most)
    assert most <= top <= max(4, 2 * most)
    ticks = plots._ticks(top)
    assert (ticks[0].value, ticks[0].y) == (0, plots.ZERO)
    assert (ticks[-1].value, ticks[-1].y) == (top, plots.TOP)
    steps = {after.value - before.value for before, after in pairwise(ticks)}
    assert len(steps) == 1


@given(st.lists(st.fixed_dictionaries({"a": numbers, "b": numbers, "c": numbers}), max_size=40))
def test_columns_stand_on_zero_and_are_in_scale(stacks: list[dict[str, int]]) -> None:
    drawn = plots.columns(stacks)
    assert len(drawn.columns) == len(stacks)
    unit = plots.HEIGHT / drawn.ticks[-1].value
    for stack, column in zip(stacks, drawn.columns, strict=True):
        assert column.total == sum(stack.values())
        assert [each.value for each in column.segments] == [each for each in stack.values() if each]
        bottom = plots.ZERO
        for part in column.segments:
            assert part.height == pytest.approx(part.value * unit, abs=0.06)
            assert part.y + part.height == pytest.approx(bottom, abs=0.3)
            bottom = part.y
        assert column.x >= plots.LEFT
        assert column.x + column.width <= 100


@given(st.lists(st.none() | numbers, min_size=1, max_size=60), st.lists(numbers, max_size=60))
def test_missing_values_leave_gaps(values: list[int | None], others: list[int]) -> None:
    drawn = plots.lines({"one": values, "other": others})
    one, other = drawn.lines
    points = [point for part in one.parts for point in part.split()]
    assert len(points) + len(one.dots) == sum(value is not None for value in values)
    runs = "".join("x" if value is not None else " " for value in values).split()
    assert len(one.parts) == sum(len(run) > 1 for run in runs)
    assert len(one.dots) == sum(len(run) == 1 for run in runs)
    known = [value for value in values if value is not None]
    assert one.last == (known[-1] if known else None)
    for _, y in [*one.dots, *(map(float, point.split(",")) for point in points)]:
        assert plots.TOP <= y <= plots.ZERO
    assert abs(one.label_y - other.label_y) >= plots.LABEL - 0.1
    assert max(one.label_y, other.label_y) < plots.ZERO


def test_bars_begin_at_zero_and_the_largest_fills_the_width() -> None:
    drawn = plots.bars([50, 0, 100], most=100)
    assert [each.width for each in drawn] == [50, 0, 100]
    assert [each.width for each in plots.bars([0, 0], most=0)] == [0, 0]
    assert plots.bars([], most=0) == []
