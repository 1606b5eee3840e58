from django.db import models
from django.utils import timezone


class Heartbeat(models.Model):
    """When a process last showed that it lives."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str) -> None:
        """The process `name` lives now."""
        cls.objects.update_or_create(name=name, defaults={"at": timezone.now()})
