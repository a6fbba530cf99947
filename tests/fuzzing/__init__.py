"""A fuzzer that is driven by the API's own OpenAPI document."""
