"""Opens an account for somebody of the configuration and signs it in; prints the value of the session's cookie.

python -m bench.sign_in ADDRESS        on the database that TOCSIN_DATA or TOCSIN_DATABASE names
"""

from __future__ import annotations

import os
import sys


def main(email: str) -> str:
    """A session as the sign-in makes it, without the password."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.site.settings")
    import django

    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from tocsin.kit import clock, db
    from tocsin.people import actions
    from tocsin.people.models import User
    from tocsin.site import wiring

    wiring.plug_in()
    with db.transact(clock.now()) as tx:
        actions.create_user(tx, email, email.partition("@")[0], None)
    user = User.objects.get(email=email)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


if __name__ == "__main__":
    print(main(sys.argv[1]))
