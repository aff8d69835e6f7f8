"""The demo: a visitor on film, played live to a worker, and a judge of what came out."""

from pathlib import Path

SAMPLE = Path(__file__).parent / "sample"
"""The visitor: ``visitor.mp4``, what she says in ``reference.json``, and whose it is."""
