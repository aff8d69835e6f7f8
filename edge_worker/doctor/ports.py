"""Ports that the worker listens on."""

import ipaddress
import socket
from collections.abc import Iterator

from edge_worker.config import HttpSection
from edge_worker.doctor.findings import Finding, ill, warning, well


def examine_ports(http: HttpSection) -> Iterator[Finding]:
    """See whether the HTTP server could listen, and who would reach it.

    Args:
        http: section of the configuration.
    """
    if not http.enabled:
        yield warning(
            "live HTTP",
            "is off: streams are on MQTT only",
            "start the worker with --http to watch in a browser or in Home Assistant",
        )
        return
    where = f"{http.bind}:{http.port}"
    try:
        family = socket.AF_INET6 if ":" in http.bind else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((http.bind, http.port))
    except OSError as error:
        yield ill(
            "live HTTP",
            f"{where} cannot be listened on: {error.strerror}",
            "a worker that runs already has it; else choose another http.port",
        )
        return
    if _loopback(http.bind):
        yield warning(
            "live HTTP",
            f"{where} is free, and reached from this machine only",
            "Home Assistant on another machine needs --http-bind with this machine's address",
        )
    else:
        yield well("live HTTP", f"{where} is free")


def _loopback(bind: str) -> bool:
    try:
        return ipaddress.ip_address(bind).is_loopback
    except ValueError:
        return bind == "localhost"
