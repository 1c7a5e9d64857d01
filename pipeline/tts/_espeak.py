"""The program that speaks one text with espeak-ng and ends: `_espeak.py VOICE RATE_WPM PITCH < text > samples`.

Run by `tts/pyttsx3` and never imported, so that nothing of espeak-ng (GPL) gets into badline's own process. It needs
nothing of badline. The samples are 16-bit, at 22.05 kHz.
"""

import ctypes
import os
import sys

import espeakng_loader

# The library asks for its files here; once loaded, pyttsx3 finds it by its name, installed on the system or not.
os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
ctypes.CDLL(espeakng_loader.get_library_path())

# Only pyttsx3's binding: its engine lets espeak-ng work in a thread that it does not wait for. One text in 100 was
# spoken at another rate than asked for, and long ones were lost.
from pyttsx3.drivers import _espeak as espeak  # noqa: E402

RATE = 22050
BUFFER_MS = 1000


def speak(text: str, *, voice: str, rate_wpm: int, pitch: int) -> bytes:
    """The text as spoken: 16-bit samples. Ends the program with a message where espeak-ng fails."""
    said = bytearray()

    def keep(samples: object, count: int, events: object) -> int:
        said.extend(ctypes.string_at(samples, count * 2) if count else b"")  # type: ignore[arg-type]
        return 0

    if espeak.Initialize(espeak.AUDIO_OUTPUT_SYNCHRONOUS, BUFFER_MS) != RATE:
        sys.exit(f"espeak-ng did not begin at {RATE} Hz")
    espeak.SetSynthCallback(keep)
    _demand(f"set the voice {voice}", espeak.SetVoiceByName(identifier(voice)))
    _demand(f"set the rate {rate_wpm}", espeak.SetParameter(espeak.RATE, rate_wpm))
    _demand(f"set the pitch {pitch}", espeak.SetParameter(espeak.PITCH, pitch))
    _demand("speak", espeak.Synth(text, flags=espeak.CHARS_UTF8 | espeak.ENDPAUSE))
    return bytes(said)


def identifier(voice: str) -> bytes:
    """What espeak-ng itself calls the voice of a language ("gmw/en" for "en-gb")."""
    for offered in espeak.ListVoices():
        priority_and_name = bytes(offered.languages)
        if priority_and_name[1:].decode() == voice:
            return bytes(offered.identifier)
    sys.exit(f"espeak-ng offers no voice '{voice}'")


def _demand(what: str, code: int) -> None:
    if code != espeak.EE_OK:
        sys.exit(f"espeak-ng could not {what}: error {code}")


if __name__ == "__main__":
    _, voice, rate_wpm, pitch = sys.argv
    text = sys.stdin.buffer.read().decode("utf-8")
    sys.stdout.buffer.write(speak(text, voice=voice, rate_wpm=int(rate_wpm), pitch=int(pitch)))
