"""What went wrong, how bad it was: adverse events, CRS and ICANS."""
