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
    from serving import session_of
    from tocsin.kit import clock, db
    from tocsin.people import actions
    from tocsin.site import wiring

    wiring.plug_in()
    with db.transact(clock.now()) as tx:
        actions.create_user(tx, email, email.partition("@")[0], None)
    return session_of(email)


if __name__ == "__main__":
    print(main(sys.argv[1]))
