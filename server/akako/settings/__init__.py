"""All settings, read from `AKAKO_…` environment variables."""

from akako.settings.loading import (
    check_workers,
    default_data_dir,
    load,
    redacted,
    secrets,
    traces_wanted,
    unknown,
)
from akako.settings.model import Settings, SettingsError, variable

__all__ = [
    "Settings",
    "SettingsError",
    "check_workers",
    "default_data_dir",
    "load",
    "redacted",
    "secrets",
    "traces_wanted",
    "unknown",
    "variable",
]
