"""Who is in the study, when they come, who is reminded; the base of every audited row."""
