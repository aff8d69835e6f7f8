"""Why a request is not answered: a status, and a sentence for people as JSON."""

import json

from aiohttp import web

_CLASSES: dict[int, type[web.HTTPException]] = {
    400: web.HTTPBadRequest,
    401: web.HTTPUnauthorized,
    403: web.HTTPForbidden,
    404: web.HTTPNotFound,
    409: web.HTTPConflict,
    408: web.HTTPRequestTimeout,
    413: web.HTTPRequestEntityTooLarge,
    415: web.HTTPUnsupportedMediaType,
    422: web.HTTPUnprocessableEntity,
    421: web.HTTPMisdirectedRequest,
    429: web.HTTPTooManyRequests,
    503: web.HTTPServiceUnavailable,
}
JSON = "application/json"
_RETRY_S = 2


def refusal(status: int, reason: str) -> web.HTTPException:
    """The exception that answers with ``{"error": reason}``."""
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in {429, 503}:
        headers["Retry-After"] = str(_RETRY_S)
    if status == 413:
        return web.HTTPRequestEntityTooLarge(
            max_size=0, actual_size=0, text=body(reason), content_type=JSON
        )
    return _CLASSES[status](headers=headers, text=body(reason), content_type=JSON)


def body(reason: str) -> str:
    """The JSON that tells why."""
    return json.dumps({"error": reason})
