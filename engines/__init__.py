"""Models behind Protocols: voice activity, turn end, recognition, translation, speech, faces, lips.

An engine holds a model and nothing else: no MQTT, no streaming policy, no wall clock. Importing a
package here imports no model runtime; that happens when an engine is loaded.
"""


class EngineUnavailableError(Exception):
    """An engine cannot be loaded here; the message says what is missing and what to do about it."""


class EngineTimeoutError(EngineUnavailableError):
    """An engine did not answer in time: whoever asks it again at once waits as long again."""
