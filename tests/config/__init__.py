"""Tests of how the program runs."""
