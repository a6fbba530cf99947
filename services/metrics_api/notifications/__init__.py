"""Alert notifications: who hears of which alerts, and when."""
