"""What is recorded at a visit: the case report forms of one participant."""
