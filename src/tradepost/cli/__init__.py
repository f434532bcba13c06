"""The `tradepost` command."""
