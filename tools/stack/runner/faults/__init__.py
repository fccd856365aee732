"""What hurts services when tests ask for it."""
