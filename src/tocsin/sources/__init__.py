"""How signals come in: one pure file per vendor."""
