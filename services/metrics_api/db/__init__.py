"""Tables, connections and migrations; queries are next to the code that needs them."""
