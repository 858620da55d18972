"""The administrators' desk: people and their accounts, teams, invitations, the audit."""
