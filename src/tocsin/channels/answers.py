"""What an answer over HTTP means, where the vendor has nothing special to say.

Trying again is right where the other side may recover by itself within the time a page has; everything else is said
to have failed at once, so that the next way of reaching the person is tried without delay.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from tocsin.channels.domain import Delivered, Failed, Fault, Outcome, Response, Retry

RETRY_AFTER_S_MAX = 300.0  # a page that waits longer than this for one address is late everywhere
REASON_CHARS_MAX = 200
_TRY_AGAIN_STATUSES = frozenset({408, 425, 429})
_DIGITS = re.compile(r"\d{1,9}(\.\d{1,6})?")
_HOPELESS = frozenset({Fault.FORBIDDEN_ADDRESS, Fault.NOT_CONFIGURED, Fault.REJECTED, Fault.RECIPIENT_REFUSED})
_FAULT_WORDS = {
    Fault.CONNECT: "could not connect",
    Fault.TIMEOUT: "did not answer in time",
    Fault.TLS: "the secure connection failed",
    Fault.DNS: "the name could not be resolved",
    Fault.FORBIDDEN_ADDRESS: "the address is not allowed",
    Fault.PROTOCOL: "the answer was not understood",
    Fault.RECIPIENT_REFUSED: "the recipient was refused",
    Fault.REJECTED: "the message was rejected",
    Fault.BUSY: "busy, asked to come back later",
    Fault.NOT_CONFIGURED: "not configured",
}


def judge_http(response: Response) -> Outcome:
    """2xx is delivered; 408, 425, 429, 5xx and no answer are tried again; 410 ends the address; the rest failed."""
    if response.fault is not None:
        return judge_fault(response)
    status = response.status
    if 200 <= status < 300:
        return Delivered()
    if status in _TRY_AGAIN_STATUSES or status >= 500:
        return Retry(reason=reason(response), after_s=retry_after_s(response))
    return Failed(reason=reason(response), disable=status == 410)


def judge_fault(response: Response) -> Retry | Failed:
    """A fault that can pass is tried again; one that cannot has failed."""
    if response.fault in _HOPELESS:
        return Failed(reason=reason(response))
    return Retry(reason=reason(response))


def reason(response: Response) -> str:
    """One line for people: `HTTP 503`, `did not answer in time: …`."""
    if response.fault is not None:
        words = _FAULT_WORDS[response.fault]
    elif 300 <= response.status < 400:
        words = f"HTTP {response.status}: redirects are not followed, write the final URL"
    else:
        words = f"HTTP {response.status}"
    return f"{words}: {response.detail}"[:REASON_CHARS_MAX] if response.detail else words


def retry_after_s(response: Response) -> float | None:
    """Seconds the other side asks us to wait, at most RETRY_AFTER_S_MAX; None if it names no time.

    A date is measured from the answer's own Date header, so no clock of ours is involved; without one it is ignored.
    """
    written = response.headers.get("retry-after", "").strip()
    if _DIGITS.fullmatch(written):
        return min(float(written), RETRY_AFTER_S_MAX)
    try:
        wait = parsedate_to_datetime(written) - parsedate_to_datetime(response.headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait.total_seconds(), 0.0), RETRY_AFTER_S_MAX)
