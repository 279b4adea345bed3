"""What the generated sections of the documentation are made of."""
