"""Whoever snoozes a group puts off what is in it then."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0004_audit"),
    ]

    operations = [
        migrations.AddField(
            model_name="grouprow",
            name="snoozed_alerts",
            field=models.IntegerField(null=True),
        ),
    ]
