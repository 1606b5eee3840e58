"""The REST API of the case report forms."""
