from django.apps import AppConfig


class AdminConfig(AppConfig):
    name = "tocsin.admin"
    label = "tocsin_admin"
