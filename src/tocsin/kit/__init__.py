"""Tools without a domain: clock, database, HTTP and mail clients, secrets, time zones, matchers, text."""
