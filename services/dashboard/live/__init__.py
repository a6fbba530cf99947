"""The frame of the pages that refresh by themselves."""
