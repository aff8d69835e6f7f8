"""Audio translation pipeline: source sound to translated speech."""
