"""What every process needs to run: settings, logs and metrics, flags, the web server, the queues."""
