"""What a vendor does with a marketplace from the command line. Everything goes over its REST API."""
