"""What goes over the wire: models, and the client that speaks them. Imports nothing else of ours."""
