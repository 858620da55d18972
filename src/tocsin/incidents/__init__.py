"""Declared, coordinated responses and the plans they follow."""
