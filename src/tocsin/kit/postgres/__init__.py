"""PostgreSQL on connections that do not wait for ever."""
