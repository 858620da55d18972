"""Append-only facts: timeline, audit and live stream all read it."""
