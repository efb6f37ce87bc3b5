import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("generation", "0003_pictures_one_by_one"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="turn_of",
            field=models.ForeignKey(
                blank=True,
                help_text="Whose turn it takes; empty: its own person's.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("turn_of__isnull", False)),
                fields=["turn_of", "claimed_at"],
                name="generation_job_lent_turn",
            ),
        ),
        migrations.AlterField(
            model_name="jobevent",
            name="what",
            field=models.CharField(
                choices=[
                    ("queued", "asked for"),
                    ("moved up", "the board's owner let it run next"),
                    ("claimed", "taken by a worker"),
                    ("backed off", "rests after a fault that should pass"),
                    ("lost", "the worker was not heard of any more"),
                    ("handed back", "the worker was asked to stop"),
                    ("cancel requested", "Cancel Requested"),
                    ("cancelled", "Cancelled"),
                    ("delivered", "a picture is there, others of the job are not"),
                    ("succeeded", "Succeeded"),
                    ("failed", "Failed"),
                    ("dead", "given up after too many attempts"),
                    ("requeued", "given another chance"),
                ],
                max_length=20,
            ),
        ),
    ]
