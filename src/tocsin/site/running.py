"""What runs in this process, for whoever asks how it is."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.alerts.intake import Intake
from tocsin.engine.loop import Engine


@dataclass(slots=True)
class Running:
    """The parts of this process; None for what it does not have, or not yet."""

    intake: Intake | None = None
    engine: Engine | None = None
    engine_expected: bool = False

    def troubles(self) -> list[str]:
        """Threads that should run and do not."""
        found = []
        if self.intake is not None and not self.intake.writer.is_alive():
            found.append("the intake's writer thread is dead")
        if self.engine is not None:
            found += [f"the engine's thread {name} is dead" for name in self.engine.dead_threads()]
        return found


running = Running()
