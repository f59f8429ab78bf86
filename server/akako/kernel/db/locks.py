"""The registry of PostgreSQL advisory locks. Every advisory lock that Akako takes is listed here.

Advisory locks of one database share a single number space: two purposes with the same number would
block each other. `server/tests/kernel/test_locks.py` finds every advisory lock in the sources, and
fails if its number is not from this module or is used twice. Add a new number at the end; never
reuse or renumber one, because servers of two releases work on one database during an upgrade.
"""

from __future__ import annotations

# One process migrates at a time.
MIGRATION = 4_151_209_001
# Changes that could remove the last administrator happen one after the other.
ADMINS = 4_151_209_002
# Two servers that start at the same time create the demonstration data once.
DEMO_SCHOOL = 4_151_209_003
# Held in shared mode while a backup runs: stored objects are not removed.
BACKUP = 4_151_209_004
# One restore per database.
RESTORE = 4_151_209_005
# One process at a time claims deliveries of webhooks, because those in flight are limited.
WEBHOOK_CLAIMS = 4_151_209_006

# Seeds of `hashtextextended(name, seed)`, for locks on one named item out of many. The seed keeps
# the same text from being the same lock for two purposes.
IDEMPOTENCY_KEY_SEED = 0
ACCOUNT_SEED = 1
IDEMPOTENCY_PRUNE_SEED = 2
PUBLICATIONS_SEED = 3
# Endpoints of a plan subject are added one after the other, because their number is limited.
WEBHOOK_ENDPOINTS_SEED = 4
# The end of a session waits for commits that rely on the session.
SESSION_SEED = 5
