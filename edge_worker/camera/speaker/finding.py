"""From the address of a loudspeaker to what plays there."""

import logging

from edge_worker.camera.source import SourceAddress
from edge_worker.camera.speaker.address import SpeakerAddress, SpeakerKind
from edge_worker.camera.speaker.backchannel import BackChannelSink
from edge_worker.camera.speaker.program import ProgramSink
from edge_worker.camera.speaker.sink import Sink, SinkError

_log = logging.getLogger(__name__)


async def find_sink(address: SpeakerAddress | None, source: SourceAddress) -> Sink | None:
    """What plays at an address; None where nothing does.

    Args:
        address: as the person gave it.
        source: where the stream comes from; ``auto`` asks there for a back-channel.

    Raises:
        SinkError: a program that is needed is not installed, or a URL cannot be read.
    """
    if address is None:
        return None
    if address.kind is SpeakerKind.AUTO:
        return await _own_back_channel(source)
    if address.kind is SpeakerKind.RTSP:
        return BackChannelSink(address)
    return ProgramSink(address)


async def _own_back_channel(source: SourceAddress) -> Sink | None:
    if not source.text.startswith(("rtsp://", "rtsps://")):
        _log.warning("%s: it has no back-channel; name a loudspeaker with --talkback", source)
        return None
    try:
        sink = BackChannelSink(SpeakerAddress(SpeakerKind.RTSP, source.text))
        await sink.probe()
    except SinkError as error:
        _log.warning("no talkback: %s", error)
        return None
    except Exception as error:  # noqa: BLE001 - what a camera tells of its loudspeaker must not end its pictures
        # The error's own text may quote an address with its account.
        _log.warning("no talkback: %s: asking it failed: %s", source, type(error).__name__)
        return None
    return sink
