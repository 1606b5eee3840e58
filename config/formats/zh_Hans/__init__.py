"""The same as in English."""
