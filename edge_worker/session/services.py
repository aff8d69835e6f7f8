"""What the worker lends to the sessions of its streams."""

from collections.abc import Callable
from dataclasses import dataclass

from edge_worker.admission import Admission
from edge_worker.config import WorkerSettings
from edge_worker.engine_set import EngineSet
from edge_worker.provision import Provision
from edge_worker.session.announcer import Announcer


@dataclass(frozen=True, slots=True)
class Services:
    """What the worker lends a session."""

    engines: EngineSet
    announcer: Announcer
    config: WorkerSettings
    now_ns: Callable[[], int]
    """UTC."""
    tau: Callable[[], float]
    """CPU seconds of this worker over (seconds x usable cores), newest."""
    provision: Provision | None = None
    """Fetches models; None where they are what they are."""
    interpreters: Callable[[str], tuple[str, ...]] | None = None
    """Workers that could interpret a stream, the best one first; None: this one does itself."""
    admission: Admission | None = None
    """Says whether one more stream can be awake here; None: any can."""
