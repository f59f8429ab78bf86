"""Request types of the names of documents."""

from __future__ import annotations

from typing import Annotated

import msgspec

from akako.kernel.core import fields


class DocumentUpdate(msgspec.Struct, rename="camel", kw_only=True):
    """Missing fields stay; null clears the description."""

    name: Annotated[str, fields.line(1, 200)] | msgspec.UnsetType = msgspec.UNSET
    description: Annotated[str, fields.text(1000)] | msgspec.UnsetType | None = msgspec.UNSET
