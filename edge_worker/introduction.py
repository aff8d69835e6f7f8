"""How a worker introduces itself."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

import psutil

from edge_worker.config import WorkerSettings
from edge_worker.engine_set import EngineSet
from mqtt_schemas import Hardware, Role, WorkerInfo


def introduce(config: WorkerSettings, engines: EngineSet, cores: float) -> WorkerInfo:
    """Who a worker is: what changes only when models or servers come or go.

    Args:
        config: everything it was told.
        engines: loaded.
        cores: usable ones.
    """
    return WorkerInfo(
        worker=config.worker,
        name=config.worker,
        version=_version(),
        roles=tuple(role for role in Role if role in config.roles),
        pairs=engines.language_pairs(),
        voices=engines.voice_list(),
        languages=engines.language_offers(),
        engines=engines.engines(),
        hardware=Hardware(
            cpu=(platform.processor() or platform.machine())[:128],
            cores=max(1, round(cores)),
            memory_bytes=psutil.virtual_memory().total,
        ),
        capacity=float(config.limits.streams),
    )


def in_words(info: WorkerInfo) -> str:
    """The same for the log, in a line."""
    if Role.ATP not in info.roles:
        return f"shows what others hear; process {os.getpid()}"
    pairs = ", ".join(f"{pair.source} to {pair.target}" for pair in info.pairs[:8])
    return f"translates {pairs or 'nothing yet'}; process {os.getpid()}"


def _version() -> str:
    try:
        return version("polylip")
    except PackageNotFoundError:
        return "0"
