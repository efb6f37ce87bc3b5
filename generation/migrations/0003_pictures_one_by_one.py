from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0002_job_rules")]

    operations = [
        migrations.RemoveConstraint(model_name="generatedimage", name="generation_image_position"),
        migrations.AlterModelOptions(name="generatedimage", options={"ordering": ("job", "seed")}),
        migrations.RemoveField(model_name="generatedimage", name="position"),
        migrations.AddConstraint(
            model_name="generatedimage",
            constraint=models.UniqueConstraint(fields=["job", "seed"], name="generation_image_seed"),
        ),
        migrations.AlterField(
            model_name="jobevent",
            name="what",
            field=models.CharField(
                choices=[
                    ("queued", "asked for"),
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
