"""How dates and times read and are typed: ISO 8601 in every language, so that none is ambiguous."""
