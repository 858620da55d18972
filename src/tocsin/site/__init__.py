"""The composition root: settings, routes, the ASGI application, the engine. The only place that wires."""
