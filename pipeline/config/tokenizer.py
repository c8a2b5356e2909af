"""`interleave: {tokenizer: FILE}`: the text tokenizer of the model that the corpus is for, kept with the run."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

from pipeline.config.source import Document, Fault
from pipeline.engine.errors import WarmlineError
from pipeline.engine.model_folder import HUB, model_folder
from pipeline.interleave.text_tokens import FileTokenizer, TokenizerError
from schemas.recipe import WORDS

FILE = "tokenizer.json"
DIGEST = "tokenizer_digest"
_WEIGHTS = ["*.safetensors", "*.bin", "*.pt", "*.pth", "*.gguf"]


def put_in_tokenizer(document: Document, folder: Path, found: list[Fault]) -> bytes | None:
    """The content of the file that the recipe names, whose digest goes into the recipe. What is wrong goes to `found`.

    With the file missing, everything else can still be checked.
    """
    data = document.data
    if not isinstance(data, dict) or not isinstance(recipe := data.get("interleave"), dict):
        return None
    if DIGEST in recipe:
        found.append(Fault(document.mark(("interleave", DIGEST)), f"{DIGEST} is filled in on reading: take it away"))
    name = recipe.get("tokenizer")
    if not isinstance(name, str) or name == WORDS:
        return None
    mark = document.mark(("interleave", "tokenizer"))
    try:
        content = _read(name, folder)
        FileTokenizer(content)
    except OSError as error:
        found.append(Fault(mark, f"{name} cannot be read: {error.strerror}"))
        return None
    except (TokenizerError, WarmlineError) as error:
        found.append(Fault(mark, f"{name}: {error}"))
        return None
    document.data = {**data, "interleave": {**recipe, DIGEST: blake2b(content, digest_size=16).hexdigest()}}
    return content


def lossy(content: bytes, texts: Iterable[str]) -> Iterator[str]:
    """What is wrong with a tokenizer that does not give one of the texts back: nothing, or one sentence."""
    tokenizer = FileTokenizer(content)
    for text in texts:
        try:
            tokenizer.cut(text)
        except TokenizerError as error:
            yield f"{error}: what it cuts cannot be joined again; name one that keeps case, accents and white space"
            return


def _read(name: str, folder: Path) -> bytes:
    """A file, a folder that holds one, or one of the Hub."""
    if name.startswith(HUB):
        return (model_folder(name, [(FILE,)], _WEIGHTS) / FILE).read_bytes()
    place = folder / Path(name).expanduser()
    return (place / FILE if place.is_dir() else place).read_bytes()
