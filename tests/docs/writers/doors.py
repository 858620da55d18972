"""docs/reference/sources-and-channels.md: the addresses senders use, and the ways people are told."""

from __future__ import annotations

from tests.docs.writers import marks

from tocsin.channels.registry import CHANNELS
from tocsin.sources.registry import SOURCES


def write() -> dict[str, str]:
    """The page."""
    return {
        "sources-and-channels.md": marks.page(
            "Sources and channels",
            "## Sources",
            "A source is one kind of sender: the word after `source:` in an integration. Its key may stand where the"
            " sender puts it: as the last part of the path (`/in/grafana/KEY`), as a bearer token, a `GenieKey` or basic"
            " credentials in `Authorization`, in `X-Tocsin-Key` or `X-Api-Key`, or in the query as `token` or `key`. For"
            " PagerDuty's protocol it may be the `routing_key` in the body, which then counts; for GoAlert's address"
            " also the field `token` of a form, and for incident.io's the last part of the path. A request without a"
            " key is refused before anybody looks into it.",
            marks.table(("source", "what it is", "addresses", "largest body"), [_source(name) for name in SOURCES]),
            "Only requests whose signals are durable get a success answer. `429` and `503` carry `Retry-After`.",
            "## Channels",
            "A channel is one way to reach a person: a word in a contact of [the person's document](documents.md).",
            marks.table(("channel", "what it is", "options", "at most"), [_channel(name) for name in CHANNELS]),
            "What exceeds a limit waits and is then told in one message, never dropped. The second half"
            " of a limit is given out evenly over its time, so that a bad hour is told to its end and an urgent page does"
            " not wait behind others for the rest of a minute. A channel that is not *private* is given only the service and the urgency, no titles or labels.",
            "What a webhook is sent is a signed `POST` by the Standard Webhooks specification. Its JSON says in `type`"
            " what it is (`page`, `taken`, `notice`, `test`, `code`), and in `data` among others the `groups` it is about"
            " and, of a page, `acknowledge_url` and `acknowledge_post_url`: a `POST` to the latter acknowledges, without"
            " a session. Webhooks and the inbox get each page by itself, so `groups` of a page holds one.",
        )
    }


def _source(name: str) -> tuple[str, str, str, str]:
    source = SOURCES[name]
    paths: dict[str, list[str]] = {}
    for one in source.endpoints:
        shown = one.path + ("KEY" if one.path.startswith("/in/") else "…" if one.path.endswith("/") else "")
        paths.setdefault(shown, []).append(one.method)
    written = "<br>".join(f"{', '.join(methods)} `{path}`" for path, methods in paths.items())
    return marks.code(name), source.title, written or "none yet", f"{source.body_bytes_max // 1024} KiB"


def _channel(name: str) -> tuple[str, str, str, str]:
    channel = CHANNELS[name]
    kinds = [
        "private" if channel.private else "",
        "" if channel.needs_verification else "needs no proof of its address",
        "" if channel.implemented else "not sent yet",
    ]
    said = ", ".join(kind for kind in kinds if kind)
    limits = ", ".join(f"{one.count} in {one.per_s} s" for one in channel.limits)
    options = "; ".join(f"`{key}`: {option.meaning}" for key, option in channel.options.items())
    return marks.code(name), f"{channel.title} ({said})" if said else channel.title, options, limits or "no limit"
