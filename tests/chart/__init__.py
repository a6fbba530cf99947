"""The Helm chart: what generates parts of it (`python -m tests.chart`), and the tests over what it renders."""
