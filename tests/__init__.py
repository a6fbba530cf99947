"""Tests and measurements of Viral Guardrails."""
