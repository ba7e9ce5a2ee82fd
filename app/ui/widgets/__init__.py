"""Small widgets that the whole window is made of; each is handed the theme and the icons it uses."""
