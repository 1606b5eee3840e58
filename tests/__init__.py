"""Tests, laid out like the apps they test."""
