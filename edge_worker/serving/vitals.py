"""``/metrics`` and ``/health``: for those who watch over the worker."""

from collections.abc import Callable

from aiohttp import web

from edge_worker.serving.access import Access
from edge_worker.serving.prometheus import Prometheus
from edge_worker.serving.tokens import Scope

_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


class Vitals:
    """Tells how the worker is.

    Args:
        access: who may; None: everybody, where only this machine reaches the server.
        prometheus: has the figures.
        health: what is wrong; empty: nothing.
    """

    def __init__(
        self, access: Access | None, prometheus: Prometheus, health: Callable[[], str]
    ) -> None:
        self._access = access
        self._prometheus = prometheus
        self._health = health

    def routes(self) -> list[web.RouteDef]:
        """Its routes."""
        return [web.get("/metrics", self._metrics), web.get("/health", self._healthy)]

    async def _metrics(self, request: web.Request) -> web.Response:
        if self._access is not None:
            self._access.require(request, Scope.PAGE)
        return web.Response(body=self._prometheus.text(), headers={"Content-Type": _FORMAT})

    async def _healthy(self, _request: web.Request) -> web.Response:
        """200 when it serves, else 503; open to all, since it tells no more than that."""
        wrong = self._health()
        return web.json_response(
            {"status": "ok"} if not wrong else {"status": "unavailable", "error": wrong},
            status=503 if wrong else 200,
        )
