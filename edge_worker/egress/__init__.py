"""Egress: rendered pictures and mixed sound become marked, encoded segments."""

from edge_worker.egress.disclosure import Disclosure, Mark
from edge_worker.egress.output import Output, OutputFormat, OutputSegment

__all__ = ["Disclosure", "Mark", "Output", "OutputFormat", "OutputSegment"]
