"""What waits to be absorbed stands in a table of its own; before the first version, so no older node writes beside it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0006_receipts"),
    ]

    operations = [
        migrations.CreateModel(
            name="WaitingRow",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("signal_count", models.IntegerField()),
            ],
            options={
                "db_table": "alerts_waiting",
            },
        ),
        migrations.RunSQL(
            "INSERT INTO alerts_waiting (id, signal_count)"
            " SELECT id, signal_count FROM alerts_envelope WHERE absorbed_at IS NULL",
            migrations.RunSQL.noop,
        ),
        migrations.RemoveIndex(
            model_name="envelope",
            name="alerts_envelope_to_absorb",
        ),
        migrations.RemoveField(
            model_name="envelope",
            name="absorbed_at",
        ),
    ]
