"""Django looks one module up per language."""

from config.formats.en.formats import *  # noqa: F403
