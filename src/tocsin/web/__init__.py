"""The toolkit of the interface: base templates, components, static files, errors, the live stream. Knows no slice."""
