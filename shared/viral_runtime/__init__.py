"""Runtime of every process: settings, logs and metrics, flags, web server, queues."""
