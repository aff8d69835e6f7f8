"""MPEG transport streams in messages: muxer and demuxer for the live path."""

from edge_worker.media.mpegts.demux import DemuxCounters, Demuxer
from edge_worker.media.mpegts.mux import Muxer

__all__ = ["DemuxCounters", "Demuxer", "Muxer"]
