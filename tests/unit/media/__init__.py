"""Media, against real ffmpeg."""
