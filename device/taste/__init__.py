"""What one's own music is like, measured at a desk or on the hub. Only features are taken, never a
tune: nothing here can be played back."""
