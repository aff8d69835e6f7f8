"""The edge worker: a camera's stream from MQTT, translated and lip-synced, goes back to MQTT."""
