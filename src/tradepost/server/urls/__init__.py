"""The addresses of the two services, put together from their domains."""
