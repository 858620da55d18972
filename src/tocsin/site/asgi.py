"""`app`, for any ASGI server; `tocsin serve` builds its own, to say whether the engine runs in this process."""

from __future__ import annotations

from tocsin.site import environment, logs, startup
from tocsin.site.application import Application

logs.configure(environment.get("TOCSIN_LOG"))
startup.set_up()
app = Application(with_engine=True)
