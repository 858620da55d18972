from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "tocsin.journal"
    label = "journal"
