"""Tables, connections and migrations; queries live beside what they answer."""
