"""The session description (RFC 4566) of a clip."""

import base64

from edge_worker.media.nal import nal_units
from tests.rtsp_camera.clip import PICTURE_CLOCK, Clip
from tests.rtsp_camera.rtp import PICTURE_TYPE, SOUND_TYPE

_ENCODINGS = {
    "pcm_mulaw": "PCMU",
    "pcm_alaw": "PCMA",
    "pcm_s16be": "L16",
    "adpcm_g726le": "G726-32",
}
_H265_SETS = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}


def describe(clip: Clip, *, tells_parameter_sets: bool, direction: str = "") -> str:
    """The description that an RTSP server gives of it; ``direction`` is that of its pictures."""
    lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=door", "c=IN IP4 0.0.0.0", "t=0 0"]
    if clip.picture_codec is not None:
        name = {"h264": "H264", "hevc": "H265"}[clip.picture_codec]
        sets = _parameter_sets(clip) if tells_parameter_sets else ""
        lines += [
            f"m=video 0 RTP/AVP {PICTURE_TYPE}",
            f"a=rtpmap:{PICTURE_TYPE} {name}/{PICTURE_CLOCK}",
            f"a=fmtp:{PICTURE_TYPE} packetization-mode=1{sets}",
            "a=control:video",
            *([f"a={direction}"] if direction else []),
        ]
    if clip.sound_codec is not None:
        encoding = _ENCODINGS.get(clip.sound_codec, "mpeg4-generic")
        lines += [
            f"m=audio 0 RTP/AVP {SOUND_TYPE}",
            f"a=rtpmap:{SOUND_TYPE} {encoding}/{clip.sound_rate}/{clip.channels}",
        ]
        if clip.sound_codec == "aac":
            lines.append(
                f"a=fmtp:{SOUND_TYPE} streamtype=5;mode=AAC-hbr;sizelength=13;indexlength=3;"
                f"indexdeltalength=3;config={clip.sound_config.hex()}"
            )
        lines.append("a=control:audio")
    return "\r\n".join([*lines, ""])


def _parameter_sets(clip: Clip) -> str:
    """RFC 6184, 8.1 and RFC 7798, 7.1, of the first keyframe's own."""
    key = next(sample.data for sample in clip.samples if sample.track == "video")
    nals = [key[start:end] for _, start, end in nal_units(key)]
    if clip.picture_codec == "h264":
        sets = [base64.b64encode(nal).decode() for nal in nals if nal[0] & 31 in {7, 8}]
        return f";sprop-parameter-sets={','.join(sets)}" if sets else ""
    kinds = ((nal[0] >> 1 & 63, nal) for nal in nals)
    return "".join(
        f";{_H265_SETS[kind]}={base64.b64encode(nal).decode()}"
        for kind, nal in kinds
        if kind in _H265_SETS
    )
