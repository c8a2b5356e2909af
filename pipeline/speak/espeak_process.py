"""The process that holds espeak-ng: reads requests on stdin, writes PCM and events on stdout, ends when stdin ends.

Started by `espeak.py` as `python -I espeak_process.py LIBRARY DATA`. It imports nothing of ours, because espeak-ng is
GPL-3.0 and is kept apart from the rest. The library is initialised once and every line is spoken by a fresh fork: in
one long-lived process espeak-ng's state leaks from line to line, even over Terminate and Initialize, and the same line
sounds different the second time.

A frame is two little-endian uint32 (bytes of JSON, bytes of PCM), the JSON, and the PCM (int16, mono). The first frame
out is the `Greeting`; then each `Request`, without PCM, gets one `Answer`.
"""

import ctypes
import json
import os
import signal
import struct
import sys
from typing import BinaryIO, TypedDict

FRAME = struct.Struct("<II")

WORD, PHONEME, GAP, PAUSE = range(4)
"""Kinds of event: a word begins, a sound begins, silence between words begins, a pause between clauses begins."""

_SYNCHRONOUS = 2
_PHONEME_EVENTS, _DONT_EXIT = 0x1, 0x8000
_UTF8, _SSML = 0x1, 0x10
_WORD_EVENT, _PHONEME_EVENT = 1, 7


class Greeting(TypedDict):
    """What the library says of itself."""

    version: str
    sample_rate: int


class Request(TypedDict):
    """One line to speak. `parameters` are (number, value) pairs of speak_lib.h's `espeak_PARAMETER`."""

    voice: str
    ssml: str
    parameters: list[tuple[int, int]]
    seconds: float


class Answer(TypedDict):
    """`error` is empty if all went well. An event is (kind, 1-based character of the SSML, sample of the PCM)."""

    error: str
    events: list[tuple[int, int, int]]


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h; a list of them ends with type 0."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


def main(library: str, data: str) -> None:
    """Answer requests until stdin closes."""
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the library prints must not land among the answers
    espeak = ctypes.CDLL(library)
    espeak.espeak_Info.restype = ctypes.c_char_p
    sample_rate = espeak.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _PHONEME_EVENTS | _DONT_EXIT)
    version = espeak.espeak_Info(None).decode().split()[0]
    _send(answers, Greeting(version=version, sample_rate=sample_rate))
    while head := requests.read(FRAME.size):
        request: Request = json.loads(requests.read(FRAME.unpack(head)[0]))
        _answer_in_a_fork(espeak, request, answers)


def _send(stream: BinaryIO, document: Greeting | Answer, pcm: bytes = b"") -> None:
    text = json.dumps(document).encode()
    stream.write(FRAME.pack(len(text), len(pcm)) + text + pcm)
    stream.flush()


def _answer_in_a_fork(espeak: ctypes.CDLL, request: Request, answers: BinaryIO) -> None:
    """Pass on what a child says, or why it said nothing. The child is killed when its time is over."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.setitimer(signal.ITIMER_REAL, request["seconds"])
        with os.fdopen(writing, "wb") as answer:
            _speak(espeak, request, answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        frame = answer.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 0:
        answers.write(frame)
        answers.flush()
    elif code == -signal.SIGALRM:
        _send(answers, Answer(error=f"espeak-ng took longer than {request['seconds']:g} s", events=[]))
    else:
        _send(answers, Answer(error=f"espeak-ng ended with {code} (negative: a signal)", events=[]))


def _speak(espeak: ctypes.CDLL, request: Request, answer: BinaryIO) -> None:
    pcm: list[bytes] = []
    events: list[tuple[int, int, int]] = []

    def receive(wave: int | None, count: int, list_of_events: "ctypes._Pointer[_Event]") -> int:
        if wave is not None and count > 0:
            pcm.append(ctypes.string_at(wave, 2 * count))
        index = 0
        while list_of_events[index].type != 0:
            events.extend(_told(list_of_events[index]))
            index += 1
        return 0

    callback = _Callback(receive)
    espeak.espeak_SetSynthCallback(callback)
    espeak.espeak_ng_SetRandSeed(ctypes.c_long(1))  # else the clock seeds the voice's flutter and breath
    text = request["ssml"].encode()
    codes = [espeak.espeak_SetVoiceByName(request["voice"].encode())]
    codes += [espeak.espeak_SetParameter(number, value, 0) for number, value in request["parameters"]]
    codes += [espeak.espeak_Synth(text, ctypes.c_size_t(len(text) + 1), 0, 0, 0, _UTF8 | _SSML, None, None)]
    error = "" if not any(codes) else f"espeak-ng answered {codes}"
    _send(answer, Answer(error=error, events=events), b"".join(pcm))


def _told(event: _Event) -> list[tuple[int, int, int]]:
    """The event as an answer gives it; none for sentence ends and other kinds."""
    if event.type == _WORD_EVENT:
        return [(WORD, event.position, event.sample)]
    if event.type != _PHONEME_EVENT:
        return []
    name: bytes = event.id.string
    kind = PAUSE if name.startswith(b"_:") else GAP if name.startswith(b"_") else PHONEME
    return [(kind, event.position, event.sample)]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
