"""The real-time video pipeline: follow faces, choose who speaks, render lips, mark the picture."""
