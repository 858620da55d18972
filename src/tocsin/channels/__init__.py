"""How messages go out: one pure file per vendor."""
