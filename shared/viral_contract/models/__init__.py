"""Models of the HTTP contract, shared by the API and its clients."""
