"""`tocsin demo`: a small organisation with short waits, a synthetic monitor and a mail sink, all on this machine."""
