"""Alert notifications: who is notified of which alerts, and when."""
