"""A viewer's offer (SDP, RFC 8866), checked before anything is made for it."""

from dataclasses import dataclass

from aiortc.sdp import MediaDescription, SessionDescription

MAX_BYTES = 64 << 10
_LINES = 1000
"""Browsers write some 300; the parser's time grows with the square."""
_KINDS = ("audio", "video", "application")
_CANDIDATES = 8
"""Addresses of the viewer that are tried; a viewer has few, and each costs packets."""


class OfferMalformedError(Exception):
    """It is no session description; the message says what is wrong."""


class OfferRefusedError(Exception):
    """It asks for what cannot be given; the message says what, and what would do."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that can be answered."""

    sdp: str
    ice_user: str
    """Tells this ICE session from others."""
    kinds: tuple[str, ...]
    """``video`` and ``audio``, as far as they are wanted, in its order."""
    speaks: bool
    """The viewer has a microphone."""


def read_offer(text: str) -> Offer:
    """Check an offer and take out the addresses that are of no use.

    Host names (mDNS) hide a viewer's address; looking them up would take seconds and tell the
    network who watches, and the viewer's own connectivity checks show the address anyway.

    Raises:
        OfferMalformedError: it is no session description.
        OfferRefusedError: it asks for what cannot be given.
    """
    if text.count("\n") > _LINES:
        raise OfferMalformedError(f"it has more than {_LINES} lines")
    sdp = _without_idle_candidates(text)
    try:
        session = SessionDescription.parse(sdp)
    except Exception as error:  # the parser raises whatever its input makes it raise
        raise OfferMalformedError(f"this is no SDP: {type(error).__name__}") from error
    _check(session)
    wanted = [media for media in session.media if media.kind != "application"]
    return Offer(
        sdp,
        _ice_user(session.media[0]),
        tuple(media.kind for media in wanted),
        any(m.kind == "audio" and m.direction in {"sendrecv", "sendonly"} for m in wanted),
    )


def _without_idle_candidates(text: str) -> str:
    """Without host names, TCP, and the word that no more will come: we learn who checks us."""
    lines: list[str] = []
    kept = 0
    for line in text.splitlines():
        if line.startswith("a=candidate:"):
            if kept >= _CANDIDATES or not _usable(line):
                continue
            kept += 1
        if not line.startswith("a=end-of-candidates"):
            lines.append(line)
    return "\r\n".join(lines) + "\r\n"


def _usable(line: str) -> bool:
    fields = line.split()
    return len(fields) >= 8 and fields[2].lower() == "udp" and not fields[4].endswith(".local")


def _check(session: SessionDescription) -> None:
    kinds = [media.kind for media in session.media]
    if not set(kinds) - {"application"}:
        raise OfferMalformedError("it wants neither video nor audio")
    if any(kinds.count(kind) > 1 for kind in kinds) or not set(kinds) <= set(_KINDS):
        raise OfferRefusedError(
            f"it offers {', '.join(kinds)}; at most one video, one audio and one data channel do"
        )
    for media in session.media:
        _check_media(media)
    bundled = [mid for group in session.group if group.semantic == "BUNDLE" for mid in group.items]
    if len(kinds) > 1 and not {media.rtp.muxId for media in session.media} <= set(bundled):
        raise OfferRefusedError("its media are not bundled; use bundlePolicy max-bundle")


def _check_media(media: MediaDescription) -> None:
    if not media.rtp.muxId:
        raise OfferMalformedError(f"its {media.kind} has no a=mid")
    if not _ice_user(media) or media.ice is None or not media.ice.password:
        raise OfferMalformedError(f"its {media.kind} has no ICE user or password")
    if media.dtls is None or not media.dtls.fingerprints:
        raise OfferMalformedError(f"its {media.kind} has no DTLS fingerprint or setup")
    if media.kind != "application" and not media.rtcp_mux:
        raise OfferRefusedError("WebRTC without a=rtcp-mux is not spoken here")


def _ice_user(media: MediaDescription) -> str:
    return (media.ice.usernameFragment if media.ice else "") or ""
