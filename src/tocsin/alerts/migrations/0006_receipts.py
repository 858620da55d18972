"""Each transaction that takes signals in says how many, so that one whose envelope is gone is missed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0005_snoozed_alerts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Receipt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("signals", models.BigIntegerField()),
            ],
            options={
                "db_table": "alerts_receipt",
            },
        ),
        migrations.AddField(
            model_name="auditrow",
            name="receipts",
            field=models.TextField(db_default=""),
        ),
    ]
