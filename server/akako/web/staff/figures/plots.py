"""The geometry of plots.

Horizontal positions are percent of the width, so that a plot fits every screen and its text keeps
its size. Vertical positions are pixels from the top of the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

TOP = 22.0  # px above the highest value, for its label
HEIGHT = 180.0  # px between the highest value and zero
LEFT = 11.0  # percent, for the labels of the axis
RIGHT = 3.0  # percent
ZERO = TOP + HEIGHT
LABEL = 15.0  # px between two labels
MIN_TICKS = 4


class Tick(msgspec.Struct, frozen=True):
    """A line of the value axis."""

    value: int
    y: float


class Segment(msgspec.Struct, frozen=True):
    """A part of a column."""

    kind: str
    value: int
    y: float
    height: float


class Column(msgspec.Struct, frozen=True):
    """A stacked column. `middle` is the position of its labels."""

    x: float
    width: float
    middle: float
    y: float  # of its top
    total: int
    segments: list[Segment]


class Columns(msgspec.Struct, frozen=True):
    ticks: list[Tick]
    columns: list[Column]


class Line(msgspec.Struct, frozen=True):
    """A line in parts, because missing values leave gaps. A part is the text of SVG points.

    `dots` are positions of single values between gaps, which a line does not show. `label_x` and
    `label_y` are the position of the label at the end of the line.
    """

    kind: str
    parts: list[str]
    dots: list[tuple[float, float]]
    last: int | None
    label_x: float
    label_y: float


class Lines(msgspec.Struct, frozen=True):
    ticks: list[Tick]
    places: list[float]  # percent, of the values along the axis
    lines: list[Line]


class Bar(msgspec.Struct, frozen=True):
    """A horizontal bar from zero; `width` in percent."""

    y: float
    width: float


def ceiling(most: float) -> int:
    """Return a round number that is at least as large, and that has a few round parts."""
    if most <= MIN_TICKS:
        return MIN_TICKS
    power = 10 ** math.floor(math.log10(most))
    steps = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if power > 1 else (6, 8, 10)
    return int(next(step * power for step in steps if step * power >= most))


def _y(value: float, top: int) -> float:
    return round(ZERO - HEIGHT * value / top, 1)


def _ticks(top: int) -> list[Tick]:
    parts = 4 if top % 4 == 0 else 5 if top % 5 == 0 else 2
    return [Tick(top * each // parts, _y(top * each / parts, top)) for each in range(parts + 1)]


def _across(number: int) -> float:
    """Return the width of one of `number` equal steps, in percent."""
    return (100 - LEFT - RIGHT) / max(1, number)


def columns(stacks: Sequence[Mapping[str, int]]) -> Columns:
    """Stack the values of each mapping in their order, from zero upwards."""
    top = ceiling(max((sum(each.values()) for each in stacks), default=0))
    step = _across(len(stacks))
    made = []
    for number, stack in enumerate(stacks):
        below, segments = 0, []
        for kind, value in stack.items():
            if value:
                height = round(HEIGHT * value / top, 1)
                segments.append(Segment(kind, value, _y(below + value, top), height))
            below += value
        x = LEFT + number * step
        middle = round(x + step / 2, 2)
        width = round(step * 0.7, 2)
        made.append(
            Column(round(x + step * 0.15, 2), width, middle, _y(below, top), below, segments)
        )
    return Columns(_ticks(top), made)


def lines(series: Mapping[str, Sequence[int | None]], *, least: int = 0) -> Lines:
    """Draw each series over the same places; None leaves a gap.

    Args:
        least: A value that must fit, such as a limit.
    """
    known = [value for values in series.values() for value in values if value is not None]
    top = ceiling(max([least, *known]))
    number = max((len(values) for values in series.values()), default=0)
    step = (100 - LEFT - RIGHT) / max(1, number - 1)
    places = [round(LEFT + each * step, 2) for each in range(number)]
    made = [_line(kind, values, places, top) for kind, values in series.items()]
    return Lines(_ticks(top), places, _apart(made))


def _line(kind: str, values: Sequence[int | None], places: Sequence[float], top: int) -> Line:
    runs: list[list[tuple[float, float]]] = [[]]
    for place, value in zip(places, values, strict=False):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((place, _y(value, top)))
    known = [
        (place, value) for place, value in zip(places, values, strict=False) if value is not None
    ]
    end, last = known[-1] if known else (LEFT, None)
    return Line(
        kind,
        [" ".join(f"{x},{y}" for x, y in run) for run in runs if len(run) > 1],
        [run[0] for run in runs if len(run) == 1],
        last,
        end,
        _y(last or 0, top),
    )


def _apart(drawn: list[Line]) -> list[Line]:
    """Move labels that would overlap or lie below zero."""
    order = sorted(range(len(drawn)), key=lambda each: drawn[each].label_y)
    ys, free = list[float](), TOP - 8
    for number in order:
        ys.append(max(drawn[number].label_y - 6, free))
        free = ys[-1] + LABEL
    room = ZERO - 6
    for place in reversed(range(len(ys))):
        ys[place] = round(min(ys[place], room), 1)
        room = ys[place] - LABEL
    moved = dict(zip(order, ys, strict=True))
    return [
        msgspec.structs.replace(line, label_y=moved[number]) for number, line in enumerate(drawn)
    ]


def bars(values: Sequence[float], *, most: float, row: float = 46.0) -> list[Bar]:
    """Return one bar per value, below each other; `most` has the whole width."""
    widest = most or 1
    return [
        Bar(round(number * row + 22, 1), round(100 * value / widest, 2))
        for number, value in enumerate(values)
    ]


def y_of(drawn: Lines, value: float) -> float:
    """Return the position of a value, such as of a limit."""
    return _y(value, drawn.ticks[-1].value)
