"""How the demo's sample visitor is made: a portrait that speaks recorded Portuguese."""
