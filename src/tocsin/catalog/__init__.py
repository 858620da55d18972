"""What can break: services, their owners and dependencies, and the keys through which signals come in."""
