"""Microphone and handset."""
