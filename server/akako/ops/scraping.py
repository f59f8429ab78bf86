"""Collect the metrics of all workers for one scrape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from akako.kernel.telemetry.metrics import REGISTRY
from akako.kernel.telemetry.processes import is_alive


class _Fixed(Collector):
    """Values that were read from the database for this scrape."""

    def __init__(self, found: Sequence[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


class _AllWorkers(MultiProcessCollector):
    """The values of every worker, without the live gauges of dead ones."""

    def collect(self) -> Iterable[Metric]:
        for path in Path(self._path).glob("gauge_live*_*.db"):
            if not is_alive(int(path.stem.rpartition("_")[2])):
                path.unlink(missing_ok=True)
        found: Iterable[Metric] = super().collect()  # type: ignore[no-untyped-call]
        return found


def render(found: Sequence[Metric] = ()) -> bytes:
    """Return all metrics of this server and `found`, in the text format."""
    if values.ValueClass._multiprocess:
        own = CollectorRegistry()
        _AllWorkers(own)  # type: ignore[no-untyped-call]
    else:
        own = REGISTRY
    extra = CollectorRegistry()
    extra.register(_Fixed(found))
    return generate_latest(own) + generate_latest(extra)
