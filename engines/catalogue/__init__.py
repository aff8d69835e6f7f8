"""The catalogue: which models there are, under which licence, and where each can be had."""

from engines.catalogue.download import Patience
from engines.catalogue.entries import CatalogueError, Model, ModelFile, Source, Task
from engines.catalogue.fetching import Progress
from engines.catalogue.store import Catalogue, LicenceNotAcceptedError, Verification

__all__ = [
    "Catalogue",
    "CatalogueError",
    "LicenceNotAcceptedError",
    "Model",
    "ModelFile",
    "Patience",
    "Progress",
    "Source",
    "Task",
    "Verification",
]
