"""What a remote cache saves a second machine."""
