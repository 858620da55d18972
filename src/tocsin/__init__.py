"""Tocsin: an alarm bell. Incident management in one Python program."""

__version__ = "0.1.0"
