"""The REST API of safety."""
