"""Helpers that several tests share; no test belongs here."""
