from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bulk", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="bulkupgrade",
            name="capped",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="bulkupgrade",
            name="ineligible",
            field=models.JSONField(default=list, help_text="[{version, granted, sites, reasons}]"),
        ),
    ]
