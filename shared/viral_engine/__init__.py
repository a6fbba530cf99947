"""What every service speaks: settings, telemetry, contract models and the API client."""
