"""Response plans, as documents: when an incident is declared, who does what, who is told how often."""
