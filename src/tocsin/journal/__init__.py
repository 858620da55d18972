"""Append-only facts: timeline, audit, live stream, webhooks and reviews all read it."""
