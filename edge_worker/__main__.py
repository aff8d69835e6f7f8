"""``python -m edge_worker`` is ``polylip``."""

from edge_worker.cli import main

main(prog_name="polylip")
