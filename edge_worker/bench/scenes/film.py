"""From a clip of somebody who talks to the film that a camera would have made of it."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from edge_worker.bench.scenes.scene import Scene
from edge_worker.bench.scenes.shot import Floats, Shot
from engines.face import FaceLandmarker, FaceRegion, Picture
from engines.face.region import region_of

_MIN_SCORE: Final = 0.5
_BITS_PER_PIXEL: Final = 0.11
_TICKS: Final = 90_000


def shots(source: Path, landmarker: FaceLandmarker, seconds: float | None = None) -> Iterator[Shot]:
    """Pictures of a clip with the landmarks of its largest face.

    Args:
        source: a film; its first video track is read.
        landmarker: finds the face.
        seconds: how much of it; None is all.

    Raises:
        av.FFmpegError: it cannot be read.
        IndexError: it has no picture.
    """
    with av.open(str(source)) as container:
        yield from _shots(container, landmarker, seconds)


def film(
    scene: Scene,
    source: Path,
    path: Path,
    landmarker: FaceLandmarker,
    *,
    seconds: float | None = None,
) -> None:
    """Write ``source`` as ``scene`` shows it, H.264 in mp4, with the sound it has.

    Args:
        scene: what the camera sees.
        source: somebody who talks, seen well.
        path: the mp4 to be written.
        landmarker: finds the face on which the scene is built.
        seconds: how much of the clip; None is all.

    Raises:
        av.FFmpegError: the source cannot be read or the film not be written.
        ValueError: the source holds no picture.
    """
    with av.open(str(source)) as clip:
        rate = clip.streams.video[0].average_rate or Fraction(25)
        encode(scene, _shots(clip, landmarker, seconds), path, rate=rate, sound=source)


def encode(
    scene: Scene, pictures: Iterable[Shot], path: Path, *, rate: Fraction, sound: Path | None = None
) -> None:
    """Write a clip's pictures as ``scene`` shows them, H.264 in mp4.

    Args:
        scene: what the camera sees.
        pictures: of the clip.
        path: the mp4 to be written.
        rate: pictures a second.
        sound: a film whose sound is copied, as far as the pictures reach; None for none.

    Raises:
        av.FFmpegError: the film cannot be written.
        ValueError: there is no picture.
    """
    with (
        av.open(str(path), "w", options={"movflags": "+faststart"}) as container,
        av.open(str(sound)) if sound else nullcontext() as heard,
    ):
        video: VideoStream | None = None
        audio = _copied_sound(heard, container) if heard else None
        last_s = 0.0
        for shot in scene.filmed(pictures):
            if video is None:
                video = _picture_track(container, shot.size, rate, scene.bits_per_pixel)
            frame = av.VideoFrame.from_ndarray(shot.picture, format="bgr24")
            frame.pts, frame.time_base = round(shot.time_s * _TICKS), Fraction(1, _TICKS)
            container.mux(video.encode(frame))
            last_s = shot.time_s
        if video is None:
            raise ValueError(f"no picture for {path.name}; give a film of somebody who talks")
        container.mux(video.encode(None))
        if heard and audio:
            _copy_sound(heard, container, audio, last_s + float(1 / rate))


def _shots(
    clip: InputContainer, landmarker: FaceLandmarker, seconds: float | None
) -> Iterator[Shot]:
    region: FaceRegion | None = None
    for number, frame in enumerate(clip.decode(video=0)):
        time_s = float(frame.time or 0)
        if seconds is not None and time_s >= seconds:
            return
        picture = frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
        face = _face(picture, landmarker, region)
        region = face[1] if face else None
        yield Shot(picture, number, time_s, face[0] if face else None)


def _face(
    picture: Picture, landmarker: FaceLandmarker, last: FaceRegion | None
) -> tuple[Floats, FaceRegion] | None:
    for region in ([last] if last else []) + landmarker.detect(picture)[:1] * (last is None):
        mesh = landmarker.mesh(picture, region)
        if mesh.score >= _MIN_SCORE:
            return mesh.points, region_of(mesh)
    return None


def _picture_track(
    container: OutputContainer, size: tuple[int, int], rate: Fraction, bits_per_pixel: float
) -> VideoStream:
    video = container.add_stream("libx264", rate=rate)
    video.width, video.height = size
    video.pix_fmt = "yuv420p"
    video.colorspace, video.color_range = Colorspace.ITU601, ColorRange.MPEG
    video.time_base = Fraction(1, _TICKS)
    video.bit_rate = round(bits_per_pixel * size[0] * size[1] * float(rate))
    gop = str(round(float(rate)))
    video.options = {"preset": "veryfast", "g": gop, "bf": "0", "threads": "1"}
    return video


def _copied_sound(clip: InputContainer, container: OutputContainer) -> AudioStream | None:
    if not clip.streams.audio:
        return None
    return container.add_stream_from_template(clip.streams.audio[0])


def _copy_sound(
    heard: InputContainer, container: OutputContainer, track: AudioStream, seconds: float
) -> None:
    for packet in heard.demux(audio=0):
        if packet.dts is None or packet.pts is None or packet.time_base is None:
            continue
        if packet.pts * packet.time_base >= seconds:
            break
        packet.stream = track
        container.mux(packet)
