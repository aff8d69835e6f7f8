from edge_worker.captions import Caption, Captions
from edge_worker.span import Span


def span(start_s: float, end_s: float) -> Span:
    return Span(round(start_s * 1e9), round(end_s * 1e9))


VISIT = Captions(
    "pt",
    "en",
    (
        Caption("ol\u00e1", "Hello", span(0.5, 1.5), span(2, 4)),
        Caption("quem fala?", "Who is there?", span(2, 3.5), span(4, 6.5), off_camera=True),
        Caption("bom dia", "", span(7, 9), reason="already English"),
        Caption("at\u00e9 logo", "See you", span(9, 10), reason="too far behind"),
    ),
)
