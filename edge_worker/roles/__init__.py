"""Two machines for one stream: one hears, translates and speaks, the other shows."""
