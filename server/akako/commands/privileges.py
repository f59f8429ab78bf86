"""Commands that root starts run as the user that owns the data folder."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

from akako.settings import SettingsError


def become_owner(data_dir: Path) -> None:
    """Drop root's privileges if the data folder belongs to another user.

    A file that root created there could not be read or removed by the service. A folder that does
    not exist yet, or belongs to root, changes nothing.

    Raises:
        SettingsError: The owner cannot read the installed program.
    """
    if os.geteuid() != 0 or not data_dir.is_dir():
        return
    owner = data_dir.stat()
    if owner.st_uid == 0:
        return
    name, group, groups = f"user {owner.st_uid}", owner.st_gid, [owner.st_gid]
    home = str(data_dir)
    try:
        account = pwd.getpwuid(owner.st_uid)
    except KeyError:  # as in a container: the number of a user on another machine
        pass
    else:
        name, group = account.pw_name, account.pw_gid
        groups, home = os.getgrouplist(name, group), account.pw_dir
    # Both database drivers look for certificates there, and fail if they may not look.
    os.environ["HOME"] = home
    os.setgroups(groups)
    os.setgid(group)
    os.setuid(owner.st_uid)
    for needed in (__file__, os.__file__, sys.executable):
        if not os.access(needed, os.R_OK):
            raise SettingsError(
                f"AKAKO_DATA_DIR {data_dir} belongs to {name}, who cannot read {needed}: run the "
                f"command as {name}, from an installation that {name} can read"
            )
