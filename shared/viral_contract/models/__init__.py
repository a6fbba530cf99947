"""Models of the HTTP contract, used by the API to answer and by its clients to read."""
