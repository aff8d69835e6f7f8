"""Media: transport streams, clocks, decoding and encoding; knows nothing of MQTT or sessions."""
