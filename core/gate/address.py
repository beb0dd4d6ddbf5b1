"""Whose request it is: the address at the other end, or the one that a trusted proxy names."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.types import Scope

from core.settings import Network

UNKNOWN = "unknown"


def address_of(scope: Scope, trusted: tuple[Network, ...] = ()) -> str:
    """Return the visitor's address as one text.

    That of the socket's other end, unless it is a trusted proxy: then the last one in X-Forwarded-For that is none.
    The server itself (uvicorn) has done the same before for a proxy on this machine, 127.0.0.1.
    """
    client = scope.get("client")
    peer = client[0] if client else ""
    if not trusted or not _is_trusted(peer, trusted):
        return _grouped(peer)
    named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    for text in reversed(",".join(named).split(",")):
        if not _is_trusted(text.strip(), trusted):
            return _grouped(text.strip() or peer)
    return _grouped(peer)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address in `text`, which may carry a port: `1.2.3.4:5` or `[::1]:5`."""
    host = text[1:].partition("]")[0] if text.startswith("[") else text
    host = host.partition(":")[0] if host.count(":") == 1 else host
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


@lru_cache(maxsize=1024)
def _is_trusted(text: str, trusted: tuple[Network, ...]) -> bool:
    found = _parsed(text)
    return found is not None and any(found in network for network in trusted)


@lru_cache(maxsize=1024)
def _grouped(text: str) -> str:
    """Return the text that stands for an address; of version 6 a household has a whole network, its first half."""
    found = _parsed(text)
    if found is None:
        return UNKNOWN
    return f"{IPv6Address(int(found) >> 64 << 64)}/64" if isinstance(found, IPv6Address) else str(found)
