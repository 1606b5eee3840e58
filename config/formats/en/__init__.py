"""The one set of formats."""
