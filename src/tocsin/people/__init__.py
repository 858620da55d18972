"""People, teams, the ways to reach them and what they may do."""
