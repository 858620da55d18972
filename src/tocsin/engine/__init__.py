"""The alarm clock: timers, outbox, leases, loop, auditor. Knows no slice."""
