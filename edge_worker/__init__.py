"""The edge worker: takes a camera's stream from MQTT, translates it, lip-syncs it, sends it back."""
