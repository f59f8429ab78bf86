"""Objects as plain files in a folder of this machine.

obstore's own folder store neither syncs to the disk nor streams faster than 230 MB/s.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from itertools import batched
from pathlib import Path
from uuid import uuid4

from akako.kernel.errors import ServiceUnavailable
from akako.kernel.ports import StoredObject
