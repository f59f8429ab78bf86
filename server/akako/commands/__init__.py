"""The commands of `akako`, grouped by topic. `akako.cli` imports the one that runs."""
