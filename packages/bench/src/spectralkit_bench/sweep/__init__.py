"""Parameters of a method varied, and what is gained in one score for what is lost in another."""
