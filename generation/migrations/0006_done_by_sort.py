from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("generation", "0005_mask")]

    operations = [
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("status", "succeeded")),
                fields=["checkpoint", "kind", "-finished_at"],
                name="generation_job_done",
            ),
        ),
    ]
