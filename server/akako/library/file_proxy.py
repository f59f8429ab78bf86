"""The nginx server that sends stored files by X-Accel-Redirect."""

from __future__ import annotations

import msgspec

from akako.kernel.http.client_address import Networks, in_networks


class FileProxy(msgspec.Struct, frozen=True):
    """The location and the addresses of nginx."""

    location: str  # internal location of the store's folder, with slashes at both ends
    addresses: Networks

    def is_peer(self, peer: str | None) -> bool:
        """Return whether a request came through nginx. Other clients ignore X-Accel-Redirect."""
        return peer is not None and in_networks(peer, self.addresses)
