"""What one person has shown to know and said of the answers."""
