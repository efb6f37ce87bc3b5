from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("generation", "0004_turn_of")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="mask",
            field=models.CharField(
                blank=True, help_text="Storage key of what is to be repainted, white on black.", max_length=200
            ),
        ),
    ]
