"""docs/reference/settings.md: every environment variable."""

from __future__ import annotations

from tests.docs.writers import marks

from tocsin.site.environment import SETTINGS

CLIENT = (
    ("TOCSIN_URL", "The server the client verbs talk to: `https://tocsin.example.org`."),
    ("TOCSIN_TOKEN", "The API token they show there; `tocsin token create` makes one."),
)


def write() -> dict[str, str]:
    """The page."""
    rows = [
        (
            marks.code(setting.name) + (" (secret)" if setting.secret else ""),
            marks.code(setting.default) or "none",
            setting.meaning,
        )
        for setting in SETTINGS
    ]
    return {
        "settings.md": marks.page(
            "Settings",
            "An installation is set up by environment variables; everything about people, services and policies is"
            " [configuration](documents.md) instead. Settings are read once, when a process starts. Every process of"
            " an installation (`tocsin serve`, `tocsin engine`, and verbs that work on its database) needs the same"
            " ones. An empty variable counts as one that is not set. Whatever works on the database first looks at all of"
            " them: those that cannot be meant are told by name, all at once, and nothing is started or changed"
            " ([exit code](exit-codes.md) 2).",
            marks.table(("variable", "if not set", "meaning"), rows),
            "## Variables of the client verbs",
            "Verbs that talk to a server (`tocsin groups`, `tocsin ack`, … see [the command line](cli.md)) need only"
            " these two.",
            marks.table(("variable", "meaning"), [(marks.code(name), meaning) for name, meaning in CLIENT]),
            "## Mail servers",
            "`TOCSIN_SMTP_URL` is `smtp://user:password@host:587`, where STARTTLS is required, or"
            " `smtps://user:password@host:465`. User and password are percent-encoded: `@` is `%40`, `/` is `%2F`."
            " Parameters behind a `?`: `starttls=never` sends in the clear, for a relay on the same machine;"
            " `starttls=offered` takes it if it is there; `ca=FILE` trusts your own authority; `helo=NAME` says who"
            " calls.",
        )
    }
