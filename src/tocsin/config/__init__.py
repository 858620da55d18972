"""Configuration as documents: parse, validate, plan, apply, export, history. Knows no slice."""
