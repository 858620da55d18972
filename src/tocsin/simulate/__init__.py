"""What-if: the same rules asked about any moment, without a database; and whom a change would page differently."""
