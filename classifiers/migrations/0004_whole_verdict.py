from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classifiers", "0003_coverage")]

    operations = [
        migrations.AddField(
            "verdict",
            "urgency",
            models.CharField(blank=True, default="", max_length=10),
            preserve_default=False,
        ),
        migrations.AddField(
            "verdict",
            "authority",
            models.CharField(blank=True, default="", max_length=30),
            preserve_default=False,
        ),
        migrations.AddField("verdict", "reasons", models.JSONField(default=list)),
        migrations.AddField(
            "verdict",
            "incident_key",
            models.CharField(blank=True, default="", max_length=80),
            preserve_default=False,
        ),
    ]
