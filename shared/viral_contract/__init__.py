"""What goes over the wire: models and the API client. Imports none of our other packages."""
