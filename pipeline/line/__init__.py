"""Clean speech -> what arrives: a talker, a room, a device and a network, each effect measured."""
