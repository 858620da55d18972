"""A browser without a screen: signs in through whatever stands in front, and listens to a stream line by line."""

from __future__ import annotations

import contextlib
import http.client
import queue
import re
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

TIMEOUT_S = 20.0


class Lines:
    """What a stream has sent so far."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(response,), daemon=True)
        self._reader.start()

    def until(self, what: str, within_s: float) -> bool:
        """Whether a line with this comes in time."""
        ends = time.monotonic() + within_s
        with contextlib.suppress(queue.Empty):
            while True:
                if what in self._lines.get(timeout=max(0.0, ends - time.monotonic())):
                    return True
        return False

    def drain(self, quiet_s: float = 0.5) -> None:
        """Forget what has come, until nothing comes for a while."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._lines.get(timeout=quiet_s)

    def _read(self, response: http.client.HTTPResponse) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError, http.client.HTTPException):
            while line := response.readline():
                self._lines.put(line.decode().strip())


class Visitor:
    """One person's browser at one address."""

    def __init__(self, url: str, ca_file: Path | None = None) -> None:
        self._parts = urlsplit(url)
        self._context = ssl.create_default_context(cafile=str(ca_file)) if ca_file else None
        self._cookies: dict[str, str] = {}

    def carry(self, name: str, value: str) -> None:
        """Show this cookie from now on."""
        self._cookies[name] = value

    @property
    def cookies(self) -> dict[str, str]:
        """What it shows."""
        return dict(self._cookies)

    def location(self, path: str) -> str:
        """Where the answer points."""
        with self._ask("GET", path) as answer:
            answer.read()
            return answer.headers["Location"] or ""

    def get(self, path: str) -> tuple[int, str]:
        """The answer's status and body."""
        with self._ask("GET", path) as answer:
            return answer.status, answer.read().decode()

    def post(self, path: str, form: Mapping[str, str], token_from: str) -> int:
        """Send a form as the page at `token_from` would."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(token_from)[1])
        assert token, "the page has no form"
        body = urlencode({"csrfmiddlewaretoken": token[1], **form})
        with self._ask("POST", path, body) as answer:
            answer.read()
            return answer.status

    def sign_in(self, email: str, password: str) -> None:
        """With the form."""
        status = self.post("/sign-in", {"login": email, "password": password}, "/sign-in")
        assert status == 302, status

    @contextlib.contextmanager
    def stream(self, path: str) -> Iterator[Lines]:
        """Listen for as long as the block lasts."""
        with self._ask("GET", path) as answer:
            assert answer.status == 200, answer.status
            yield Lines(answer)

    @contextlib.contextmanager
    def _ask(self, method: str, path: str, body: str | None = None) -> Iterator[http.client.HTTPResponse]:
        host, port = self._parts.hostname or "", self._parts.port
        connection = (
            http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=self._context)
            if self._context
            else http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        )
        origin = f"{self._parts.scheme}://{self._parts.netloc}"
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin, "Referer": f"{origin}/"}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for given in answer.headers.get_all("Set-Cookie") or ():
                name, _, value = given.partition(";")[0].partition("=")
                self._cookies[name] = value
            yield answer
        finally:
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(2)
            connection.close()
