"""Hostile callers: requests made from the contract's descriptor, against the whole service under --dev."""
