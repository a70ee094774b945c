"""What each layer costs on the face in each form, and the smallest choice within a budget."""
