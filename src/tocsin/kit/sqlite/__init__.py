"""Django's SQLite backend on a SQLite library new enough to be trusted with a write-ahead log."""
