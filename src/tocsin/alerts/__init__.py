"""Signals become alerts and alert groups: dedup, route, group, silence, heartbeat; the intake."""
