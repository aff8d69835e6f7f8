"""Stateless jobs: a worker whose engines have a long queue lets others recognise, translate, speak.

A job is a call of an engine, carried over MQTT to one worker with nothing to do.
"""

from edge_worker.jobs.exchange import Exchange

__all__ = ["Exchange"]
