"""How they speak: effects on the clean voice."""
