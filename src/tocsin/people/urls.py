from __future__ import annotations

from allauth.account import views as account
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("account/", include("allauth.urls")),
    path("sign-in", account.login, name="account_login"),
    path("sign-out", account.logout, name="account_logout"),
]
