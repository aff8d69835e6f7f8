"""What works on this machine, what does not, and what to do about it."""

from edge_worker.doctor.broker import examine_broker
from edge_worker.doctor.findings import Finding, Health
from edge_worker.doctor.machine import examine_machine
from edge_worker.doctor.media import examine_media
from edge_worker.doctor.models import examine_models
from edge_worker.doctor.ports import examine_ports

__all__ = [
    "Finding",
    "Health",
    "examine_broker",
    "examine_machine",
    "examine_media",
    "examine_models",
    "examine_ports",
]
