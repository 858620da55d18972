from django.apps import AppConfig


class OnCallConfig(AppConfig):
    name = "tocsin.oncall"
    label = "oncall"
