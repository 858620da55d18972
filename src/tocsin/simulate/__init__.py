"""What-if and replay: the same rules on a virtual clock, without a database."""
