"""Which SQLite library this process uses: exactly one, everywhere.

SQLite 3.7.0-3.51.2 can, rarely, corrupt a write-ahead log when two connections write and checkpoint at the same
instant (the WAL-reset bug, fixed in 3.51.3). The `pysqlite3` wheel carries a newer library than most systems do.
Never open the database with two different SQLite libraries in one process: the POSIX locks of one are dropped by
the other's close().
"""

from __future__ import annotations

import sqlite3 as standard
from types import ModuleType

try:
    from pysqlite3 import dbapi2 as bundled
except ImportError:  # no wheel for this platform
    bundled = None

WAL_SAFE_FROM = (3, 51, 3)
library: ModuleType = standard if bundled is None or standard.sqlite_version_info >= WAL_SAFE_FROM else bundled
is_wal_safe: bool = library.sqlite_version_info >= WAL_SAFE_FROM
