"""Opus for WebRTC: what browsers take (RFC 7587), 20 ms a packet, 48 kHz mono."""

from fractions import Fraction
from typing import Any

import av
import numpy as np

from edge_worker.items import AudioBlock, Samples
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.timestamps import ns_to_ticks

SAMPLE_RATE = 48_000
PACKET_SAMPLES = 960
_TOUCHING_SAMPLES = 96
"""2 ms: blocks that lie closer than this follow each other."""


class OpusEncoder:
    """Encodes mono sound; the encoder's delay is subtracted from the timestamps.

    A pause or an overlap between blocks begins a new run: packets are never filled up with
    silence that nobody sent, since a receiver conceals a pause better.

    Args:
        bit_rate: bits per second.
    """

    def __init__(self, *, bit_rate: int = 48_000) -> None:
        self._bit_rate = bit_rate
        self._context = self._open()
        self._anchor_ns: int | None = None
        self._rest: Samples = np.zeros(0, np.float32)
        self._taken = 0

    def encode(self, block: AudioBlock) -> list[AccessUnit]:
        """Packets that this block completes.

        Raises:
            ValueError: another sample rate than 48 kHz.
        """
        if block.sample_rate != SAMPLE_RATE:
            raise ValueError(f"Opus is made of {SAMPLE_RATE} Hz; it got {block.sample_rate} Hz")
        if self._anchor_ns is None or not self._continues(block):
            self._begin(block.pts_ns)
        sound = np.concatenate([self._rest, block.samples])
        whole = len(sound) // PACKET_SAMPLES * PACKET_SAMPLES
        self._rest = sound[whole:]
        units: list[AccessUnit] = []
        for position in range(0, whole, PACKET_SAMPLES):
            units += self._packets(sound[position : position + PACKET_SAMPLES])
        return units

    def _continues(self, block: AudioBlock) -> bool:
        elapsed = round((block.pts_ns - (self._anchor_ns or 0)) * SAMPLE_RATE / 1_000_000_000)
        return abs(elapsed - self._taken - len(self._rest)) <= _TOUCHING_SAMPLES

    def _begin(self, pts_ns: int) -> None:
        self._anchor_ns, self._taken = pts_ns, 0
        self._rest = np.zeros(0, np.float32)
        self._context = self._open()

    def _packets(self, samples: Samples) -> list[AccessUnit]:
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, self._taken
        frame.time_base = Fraction(1, SAMPLE_RATE)
        self._taken += len(samples)
        return [self._unit(packet) for packet in self._context.encode(frame)]

    def _unit(self, packet: "av.Packet[Any]") -> AccessUnit:
        # The codec counts from its own look-ahead: its first packet has a PTS below zero.
        samples = packet.pts if packet.pts is not None else 0
        pts = ns_to_ticks((self._anchor_ns or 0) + samples * 1_000_000_000 // SAMPLE_RATE)
        return AccessUnit("audio", "opus", pts, pts, bytes(packet))

    def _open(self) -> av.AudioCodecContext:
        context = av.AudioCodecContext.create("libopus", "w")
        context.sample_rate, context.layout, context.format = SAMPLE_RATE, "mono", "flt"
        context.bit_rate = self._bit_rate
        context.time_base = Fraction(1, SAMPLE_RATE)
        context.options = {"application": "audio", "frame_duration": "20", "vbr": "on"}
        return context
