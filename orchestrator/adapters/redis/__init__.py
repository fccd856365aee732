"""Redis: deliberations, responses and contexts."""
