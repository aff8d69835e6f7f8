"""The door's own loudspeaker in its microphone: found, taken away, and what is left kept silent."""

from edge_worker.atp.echo.guard import EchoGuard

__all__ = ["EchoGuard"]
