"""What the modules of this package share; nothing for users."""
