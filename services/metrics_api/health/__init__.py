"""The health score: computed, explained, stored as history."""
