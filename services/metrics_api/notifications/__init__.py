"""Alert notifications: who hears of which alerts, what there is to tell them, and when it is told."""
