"""The `tocsin` command: server verbs, configuration verbs and client verbs."""
