"""Answers ``request/view``: addresses of a stream and a token for them."""

from collections.abc import Callable

from edge_worker.requests import RequestRefusedError
from edge_worker.serving.tokens import Scope, Tokens
from mqtt_schemas import MessageRefused, Request, ViewGrant, ViewRequest, ViewScope, decode_data

_SCOPES = {ViewScope.VIEW: Scope.VIEW, ViewScope.TALK: Scope.TALK}


class ViewDesk:
    """Hands out tokens.

    Args:
        tokens: that open something.
        url: base address for viewers.
        known: whether there is such a stream.
    """

    def __init__(self, tokens: Tokens, url: str, known: Callable[[str], bool]) -> None:
        self._tokens = tokens
        self._url = url
        self._known = known

    async def answer(self, request: Request) -> ViewGrant:
        """The grant.

        Raises:
            RequestRefusedError: no stream, or an unknown scope.
        """
        try:
            wish = decode_data(ViewRequest, request.data, "request/view")
        except MessageRefused as refused:
            raise RequestRefusedError(str(refused)) from refused
        if not self._known(request.stream):
            raise RequestRefusedError(f"there is no stream {request.stream!r}")
        stream = request.stream
        return ViewGrant(
            stream=stream,
            scope=wish.scope,
            token=self._tokens.of(stream, _SCOPES[wish.scope]),
            live_url=f"{self._url}/live/{stream}.ts",
            original_url=f"{self._url}/original/{stream}.ts",
            mjpeg_url=f"{self._url}/live/{stream}.mjpeg",
            snapshot_url=f"{self._url}/live/{stream}.jpg",
            whep_url=f"{self._url}/whep/{stream}",
        )
