"""Tools without a domain: clock, database, HTTP and mail clients, ids, time zones, text."""
