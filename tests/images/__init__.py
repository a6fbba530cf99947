"""The images, built and run together as the chart would: `make images`. Too slow for `make test`, and needs root."""
