"""What tests of several kinds share: servers, builders of data, readers of what came out."""
