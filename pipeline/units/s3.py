"""Kind `s3`: the 25 Hz semantic tokens of the CosyVoice family, 6,561 codes, as the speaker generated them.

They are the very tokens that a take was made from, kept by the speak stage: nothing is encoded a second time. A speech
engine that gives none cannot be asked for them.
"""

from schemas.run import UnitsBackend

VERSION = "1"
RATE = 25.0
SIZE = 6561
GENERATED = True


def check(config: UnitsBackend) -> None:
    """Raises ValueError if the run file asks for another rate or size."""
    if (config.rate, config.size) != (RATE, SIZE):
        raise ValueError(f"s3 has {RATE:g} units a second out of {SIZE}, not {config.rate:g} out of {config.size}")


def identity() -> str:
    """Nothing: the tokens are the take's own."""
    return ""
