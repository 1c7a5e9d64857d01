"""Microphones: what those of telephones, headsets, laptops and cars do to a voice, in dB re 1 kHz over Hz."""

from collections.abc import Mapping

# Send response of the modified intermediate reference system (IRS, ITU-T P.830).
# The points at 50 and 5000 Hz are ours: they end the band.
IRS_SEND_DB: Mapping[int, float] = {
    50: -40.0,
    100: -28.0,
    200: -9.6,
    300: -5.0,
    500: -2.6,
    1000: 0.0,
    1250: 1.4,
    2000: 3.6,
    3150: 5.8,
    3400: 4.3,
    4000: 0.0,
    5000: -40.0,
}

# The next two are ours, within the limits for wideband sending of 3GPP TS 26.131: from 200 to 5000 Hz within 5 dB of a
# middle, at 6.3 kHz at most 10 dB below it, at 100 Hz not above it (clause 6.4.5; 6.4.1 recalled as the same).
# Phones rise towards 3 to 4 kHz, as the IRS does: there the port of the microphone resonates with what is behind it.
HANDSET_DB: Mapping[int, float] = {
    50: -20.0,
    100: -9.0,
    200: -3.0,
    300: -1.0,
    500: -0.5,
    1000: 0.0,
    2000: 1.5,
    3150: 4.0,
    4000: 3.5,
    5000: 2.0,
    6300: 0.0,
    7000: -4.0,
    8000: -14.0,
}
# The boom stands beside the mouth, and what presses on both sides of its capsule at once cancels: less bass, more top.
HEADSET_DB: Mapping[int, float] = {
    50: -24.0,
    100: -14.0,
    200: -4.5,
    300: -2.5,
    500: -1.5,
    1000: 0.0,
    2000: 2.0,
    3150: 3.0,
    4000: 4.0,
    5000: 3.0,
    6300: -1.0,
    7000: -6.0,
    8000: -16.0,
}
# Ours: the capsule is flat down to its vent near 100 Hz, and rises to the resonance of its port above 8 kHz; the desk's
# reflection, 0.35 ms behind the voice and weaker, takes from 1.4 and 4.3 kHz and adds at 2.9 and 5.7 kHz.
LAPTOP_DB: Mapping[int, float] = {
    50: -12.0,
    100: -5.0,
    200: -1.0,
    400: 1.0,
    700: 1.5,
    1000: 0.0,
    1430: -3.5,
    2000: 0.5,
    2860: 4.0,
    3500: 1.5,
    4290: -2.0,
    5000: 2.0,
    5710: 5.0,
    7000: 3.5,
    8000: 5.0,
}
# Ours: a directional capsule behind a grille in the headliner, made to lose the rumble of the road; the roof's
# surface lends it the octaves above 2 kHz, and the cloth before it takes the last one.
CAR_DB: Mapping[int, float] = {
    50: -34.0,
    100: -22.0,
    200: -9.0,
    300: -4.0,
    500: -1.0,
    1000: 0.0,
    2000: 2.0,
    3150: 3.5,
    4000: 3.0,
    5000: 1.0,
    6300: -4.0,
    7000: -9.0,
    8000: -18.0,
}
