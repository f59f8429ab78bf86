"""The commands of `akako`, by family. `akako.cli` loads the one asked for."""
