from __future__ import annotations

from allauth.account import views as account
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as openid
from django.urls import URLPattern, URLResolver, include, path

from tocsin.people import entrance, views

# Of allauth's pages those that an account here can use: addresses come from the configuration, so nobody signs up or
# changes an address.
urlpatterns: list[URLPattern | URLResolver] = [
    path("welcome", entrance.first_run, name="first_run"),
    path("sign-in", entrance.sign_in, name="account_login"),
    path("password/forgotten", entrance.forgotten, name="forgotten"),
    path("password/<str:token>", entrance.choose_password, name="choose_password"),
    path("sso/<str:provider_id>/sign-in", openid.login, name="openid_connect_login"),
    path("sso/<str:provider_id>/return", openid.callback, name="openid_connect_callback"),
    path("sso/cancelled", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("sign-out", account.logout, name="account_logout"),
    path("me/tokens", views.tokens, name="tokens"),
    path("me/tokens/<number:token_id>/revocation", views.revoke_token, name="revoke_token"),
    path("me/password", account.password_change, name="account_change_password"),
    path("me/password/set", account.password_set, name="account_set_password"),
    path("me/confirmation", account.reauthenticate, name="account_reauthenticate"),
    path("me/2fa/", include("allauth.mfa.urls")),
    path("me/sessions/<number:session_id>/end", views.end_session, name="end_session"),
    path("me/sessions", include("allauth.usersessions.urls")),
    path("account/inactive", account.account_inactive, name="account_inactive"),
    path("account/sign-up", account.signup, name="account_signup"),
]
