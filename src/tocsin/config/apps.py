from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "tocsin.config"
    label = "config"
