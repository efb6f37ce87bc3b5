from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("boards", "0004_pruned")]

    operations = [
        migrations.AlterField(
            model_name="placement",
            name="where",
            field=models.CharField(
                choices=[
                    ("beside", "Beside the region"),
                    ("inside", "Inside the region"),
                    ("stage", "Nowhere until somebody accepts it"),
                ],
                default="beside",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="placement",
            name="accepted_where",
            field=models.CharField(
                choices=[
                    ("beside", "Beside the region"),
                    ("inside", "Inside the region"),
                    ("stage", "Nowhere until somebody accepts it"),
                ],
                default="beside",
                help_text="Where one goes that is accepted.",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="placement",
            name="standings",
            field=models.JSONField(
                blank=True, default=dict, help_text="Image id → candidate, kept or discarded; not of those with an element."
            ),
        ),
        migrations.AddField(
            model_name="placement",
            name="choosing",
            field=models.BooleanField(default=False, editable=False, help_text="One of its pictures is a candidate."),
        ),
        migrations.AddIndex(
            model_name="placement",
            index=models.Index(
                condition=models.Q(("choosing", True)), fields=["board"], name="placement_choosing"
            ),
        ),
    ]
