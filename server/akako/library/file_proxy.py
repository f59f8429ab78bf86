"""nginx in front, which sends stored files itself when it is told their place."""

from __future__ import annotations

import msgspec

from akako.kernel.http.client_address import Networks, in_networks


class FileProxy(msgspec.Struct, frozen=True):
    """What is known of it. It takes the place of a file from the answer's X-Accel-Redirect."""

    location: str  # its internal location for the store's folder, with a slash at both ends
    addresses: Networks

    def is_peer(self, peer: str | None) -> bool:
        """Whether a request came through it. Anybody else could do nothing with a mere place."""
        return peer is not None and in_networks(peer, self.addresses)
