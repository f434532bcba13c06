import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Pushes are taken host by host. The rows of before are work that had not begun to be done: they are made anew."""

    dependencies = [
        ("catalog", "0005_environments"),
        ("hosts", "0002_site_edition_and_users"),
        ("licensing", "0001_initial"),
    ]

    operations = [
        migrations.DeleteModel(name="PendingPush"),
        migrations.CreateModel(
            name="PendingPush",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="hosts.hostservice"
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="hosts.siterecord"
                    ),
                ),
                (
                    "listing",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.listing"
                    ),
                ),
                ("serial", models.BigIntegerField(default=1)),
                ("attempts", models.PositiveIntegerField(default=0)),
            ],
            options={
                "indexes": [models.Index(fields=["host", "attempts", "id"], name="push_of_host")],
                "constraints": [models.UniqueConstraint(fields=("site", "listing"), name="one_push_per_license")],
            },
        ),
        migrations.CreateModel(
            name='PushTurn',
            fields=[
                ('host', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='push_turn', serialize=False, to='hosts.hostservice')),
                ('due_at', models.DateTimeField(help_text='machine time')),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('lease', models.UUIDField(null=True)),
                ('lease_until', models.DateTimeField(help_text='machine time', null=True)),
                ('problem', models.TextField(blank=True)),
                ('told_at', models.DateTimeField(help_text='machine time, of the last push that was taken', null=True)),
            ],
        ),
        migrations.AddField(
            model_name='licensechange',
            name='asked',
            field=models.JSONField(null=True),
        ),
        migrations.AlterField(
            model_name='sitelicense',
            name='revision',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name='sitelicense',
            index=models.Index(fields=['-changed_at', '-id'], name='license_newest'),
        ),
        migrations.AddIndex(
            model_name='sitelicense',
            index=models.Index(fields=['state', '-changed_at', '-id'], name='license_newest_in_state'),
        ),
        migrations.AddIndex(
            model_name='pushturn',
            index=models.Index(fields=['due_at'], name='push_turn_due'),
        ),
    ]
