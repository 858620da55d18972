import importlib

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "tocsin.people"
    label = "people"

    def ready(self) -> None:
        importlib.import_module("tocsin.people.signals")  # it needs the models, which are there only now
