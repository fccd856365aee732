"""What a person sees while it happens."""
