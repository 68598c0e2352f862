"""What deployers add: views and jobs dropped into a folder, and whole applications under a prefix."""
