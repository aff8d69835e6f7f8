"""The catalogue: which models there are, under which licence, and where each can be had."""

from engines.catalogue.entries import CatalogueError, Model, ModelFile, Source, Task
from engines.catalogue.store import Catalogue, LicenceNotAcceptedError, Progress, Verification

__all__ = [
    "Catalogue",
    "CatalogueError",
    "LicenceNotAcceptedError",
    "Model",
    "ModelFile",
    "Progress",
    "Source",
    "Task",
    "Verification",
]
