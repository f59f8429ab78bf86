"""`make webhook-trial`: the trial of outgoing webhooks in full, with its figures."""

from __future__ import annotations

import argparse
import sys

from akako.migrations.run import migrate
from tests.faults.webhook_trial import Figures, Trial
from tests.parts.postgres import create_database, passable_folder, start_postgres
from tests.parts.server import Server

MEDIAN_SECONDS = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="make webhook-trial", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--slow", type=float, default=10, help="seconds of the slow receiver")
    parser.add_argument("--rate", type=float, default=80, help="events a second")
    options = parser.parse_args()
    with passable_folder() as folder:
        postgres = start_postgres(folder / "database")
        url = create_database(postgres.url, "trial")
        migrate(url)
        (folder / "server").mkdir()
        api = Server(folder / "server", url)
        api.start()
        try:
            figures = Trial(api, **vars(options)).run()
        finally:
            api.close()
            postgres.stop()
    for name, value in figures._asdict().items():
        sys.stdout.write(f"{name}: {value}\n")
    faults = faults_of(figures)
    for fault in faults:
        sys.stdout.write(f"FAILED {fault}\n")
    return int(bool(faults))


def faults_of(figures: Figures) -> list[str]:
    """Return what the figures show to be wrong."""
    faults = [
        f"{number} events missing: {name}" for name, number in figures.missing.items() if number
    ]
    faults += [
        f"{name} has deliveries left" for name in ("healthy", "third") if figures.left.get(name)
    ]
    if figures.median_delay >= MEDIAN_SECONDS:
        faults.append(f"the median delay is {figures.median_delay} s")
    return faults


if __name__ == "__main__":
    sys.exit(main())
