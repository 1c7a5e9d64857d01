"""The system under test as the line sees it: sound in up to t; sound, events and actions out."""
