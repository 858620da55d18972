"""Schedules, layers, overrides: who carries the pager at t."""
