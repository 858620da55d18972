"""The alarm clock: timers, outbox, leases, loop, health. Knows no slice."""
