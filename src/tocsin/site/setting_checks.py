"""What each setting must look like. Each check says how to write it, or what is wrong; empty if nothing is.

What these say is printed, so none repeats a secret, or an address that may hold one.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from email.errors import MessageError
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from tocsin.admin import mapping
from tocsin.channels.registry import CHANNELS
from tocsin.kit import addresses, mail, text, tls, web_address
from tocsin.kit.secrets import INSTALLATION_SECRET_CHARS_MIN
from tocsin.people.domain import Role
from tocsin.site import logs

SHOWN_CHARS_MAX = 40
SECONDS_MIN, SECONDS_MAX = 1, 86_400
DATABASE_NAME_BYTES_MAX = 63  # PostgreSQL's own
DATABASE_SCHEMES = ("postgresql", "postgres")
DATABASE_PARAMETERS = ("host",)
_ENCODED = "in a user or a password @ is %40, / is %2F, ? is %3F"
_DATABASE = f"write it, or --database, as postgresql://user:password@host:5432/name; {_ENCODED}"
_SMTP = f"write it as smtp://user:password@host:587 or smtps://user:password@host; {_ENCODED}"
_NOT_IN_LINES = ("Cc", "Cs", "Zl", "Zp")  # control characters, halves of one, ends of lines and paragraphs
_NOT_IN_SCOPES = '"\\'


def anything(_written: str) -> str:
    """Whatever a variable can hold."""
    return ""


def one_line(written: str) -> str:
    """Text that stands in a message, a header or a page."""
    return "it must be one line of text" if any(unicodedata.category(one) in _NOT_IN_LINES for one in written) else ""


def database(written: str) -> str:
    """The address of a PostgreSQL database."""
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        return _DATABASE
    name = parts.path.removeprefix("/")
    if parts.scheme not in DATABASE_SCHEMES or port == 0 or parts.fragment or not _is_plain(written):
        return _DATABASE
    if not name or set(name) & set("/@:") or len(unquote(name).encode()) > DATABASE_NAME_BYTES_MAX:
        return _DATABASE
    if set(parse_qs(parts.query, keep_blank_values=True)) - set(DATABASE_PARAMETERS):
        return (
            f"{_DATABASE}; of parameters it takes only ?host=DIRECTORY, and libpq's variables, as PGSSLMODE, the others"
        )
    return _DATABASE if "\0" in unquote(written) else ""


def base_url(written: str) -> str:
    """Where people come in."""
    return _web("https://tocsin.example.org", web_address.fault(written))


def issuer(written: str) -> str:
    """Where a sign-on provider is."""
    return _web("https://id.example.org", web_address.fault(written))


def called(written: str) -> str:
    """An address that is called as it stands."""
    return _web("https://hc.example.org/ping/…", web_address.fault(written, with_query=True, with_user=True))


def proxy(written: str) -> str:
    """A proxy for outgoing calls."""
    return _web("http://user:password@host:3128", web_address.fault(written, with_user=True))


def networks(written: str) -> str:
    """Networks and addresses between commas."""
    try:
        addresses.parse_networks(written)
    except ValueError as error:
        return str(error)
    return ""


def proxies(written: str) -> str:
    """The same, or everybody."""
    return "" if written.strip() == "*" else networks(written)


def secrets(written: str) -> str:
    """Secrets between commas."""
    held = [one.strip() for one in written.split(",") if one.strip()]
    if not held or any(len(one) < INSTALLATION_SECRET_CHARS_MIN for one in held):
        least = f"each has at least {INSTALLATION_SECRET_CHARS_MIN} characters, and commas between them"
        return f"{least}; `openssl rand -base64 48` makes one"
    return one_line("".join(held))


def smtp(written: str) -> str:
    """A mail server."""
    try:
        tls.context(mail.parse_smtp_url(written).ca_file)
    except OSError:
        return "the file that ca= names cannot be read, or holds no certificate"
    except ValueError:
        return f"{_SMTP}; parameters behind a ? are starttls=require, offered or never, ca=FILE, helo=NAME"
    return "" if _is_plain(written) else _SMTP


def sender(written: str) -> str:
    """The address mail comes from, with or without a name."""
    message = EmailMessage()
    try:
        message["From"] = written
        (held,) = message["From"].addresses
    except (ValueError, IndexError, MessageError):
        held = None
    is_one = held is not None and held.username and held.domain and not message["From"].defects
    return "" if is_one else "write one address: tocsin@example.org, or Tocsin <tocsin@example.org>"


def webhook_secret(written: str) -> str:
    """What signs webhooks."""
    return CHANNELS["webhook"].options["secret"].check(written) or ""


def seconds(written: str) -> str:
    """A while that something happens in."""
    try:
        held = float(written)
    except ValueError:
        held = math.nan
    return "" if SECONDS_MIN <= held <= SECONDS_MAX else _instead(f"write {SECONDS_MIN} to {SECONDS_MAX}", written)


def bearer(written: str) -> str:
    """What stands in a header of a request."""
    return "" if all("!" <= one <= "~" for one in written) else "it must be letters, digits and signs without a space"


def scopes(written: str) -> str:
    """Words between spaces, of the characters a scope may have."""
    held = "".join(written.split(" "))
    is_some = held and not bearer(held) and not set(held) & set(_NOT_IN_SCOPES)
    return "" if is_some else "write words with spaces between them: openid profile email"


def teams(written: str) -> str:
    """Pairs of group and team."""
    return _pairs(written, "payments=payments,sre=platform") or one_line(written)


def roles(written: str) -> str:
    """Pairs of group and role."""
    return _pairs(written, "sre=responder,ops-leads=admin") or next(
        (wrong for _, named in mapping.pairs(written) if (wrong := role(named))), one_line(written)
    )


def role(written: str) -> str:
    """A role."""
    return _one_of(written, Role)


def yes_or_no(written: str) -> str:
    """A switch."""
    return _one_of(written, ("yes", "no"))


def level(written: str) -> str:
    """How much is logged."""
    return _one_of(written, logs.LEVELS)


def _web(like: str, wrong: str) -> str:
    return f"write it as {like}; {wrong}" if wrong else ""


def _pairs(written: str, like: str) -> str:
    try:
        mapping.pairs(written)
    except ValueError as error:
        return f"write it as {like}; {error}"
    return ""


def _one_of(written: str, known: Iterable[str]) -> str:
    words = list(known)
    return "" if written in words else _instead(f"write {', '.join(words[:-1])} or {words[-1]}", written)


def _instead(wanted: str, written: str) -> str:
    return f"{wanted}, not {text.cut(written, SHOWN_CHARS_MAX)!r}"


def _is_plain(written: str) -> bool:
    """Whether it may be an address at all."""
    return written.isprintable() and " " not in written
