"""Who must be woken, when and how, until somebody answers."""
