"""MPEG transport streams in messages: muxer and demuxer for the live path."""

from edge_worker.media.mpegts.demux import DemuxCounters, Demuxer
from edge_worker.media.mpegts.mux import Muxer
from edge_worker.media.mpegts.tables import stream_type_name

__all__ = ["DemuxCounters", "Demuxer", "Muxer", "stream_type_name"]
