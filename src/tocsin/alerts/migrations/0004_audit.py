"""The auditor remembers how far it is; on PostgreSQL payloads are compressed quickly, and repeats stay in their page."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import tocsin.kit.fields

QUICK_COMPRESSION = """
DO $$ BEGIN
  ALTER TABLE alerts_envelope ALTER COLUMN body SET COMPRESSION lz4, ALTER COLUMN signals SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
  NULL;  -- this PostgreSQL was built without lz4: its own compression does, slower
END $$
"""


# A repeat changes three columns of an alert: with room left in its page no index has to be written.
ROOM_FOR_REPEATS = "ALTER TABLE alerts_alert SET (fillfactor = 60)"


def suit_postgres(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(QUICK_COMPRESSION)
        editor.execute(ROOM_FOR_REPEATS)


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0003_to_absorb"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditRow",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("complete_to", models.BigIntegerField()),
                ("seen_to", models.BigIntegerField()),
                ("second_to", models.BigIntegerField()),
                ("lacking", models.TextField()),
                ("at", tocsin.kit.fields.InstantField()),
            ],
            options={
                "db_table": "alerts_audit",
            },
        ),
        migrations.RemoveIndex(
            model_name="envelope",
            name="alerts_envelope_received",
        ),
        migrations.RunPython(suit_postgres, migrations.RunPython.noop),
    ]
