"""Local pages: for this machine only, one address with a secret in it, nothing from outside."""
