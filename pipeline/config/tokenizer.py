"""`interleave: {tokenizer: FILE}`: the text tokenizer of the model that the corpus is for, kept with the run."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

from pipeline.config.source import Document, Fault, Node
from pipeline.engine.errors import WarmlineError
from pipeline.engine.model_folder import HUB, model_folder
from pipeline.interleave.text_tokens import FileTokenizer, TokenizerError
from schemas.recipe import WORDS

FILE = "tokenizer.json"
DIGEST = "tokenizer_digest"
_WEIGHTS = ["*.safetensors", "*.bin", "*.pt", "*.pth", "*.gguf"]


def put_in_tokenizer(document: Document, folder: Path) -> bytes | None:
    """The content of the file that the recipe names, whose digest goes into the recipe. Faults go to the document."""
    recipe = document.data.get("interleave") if isinstance(document.data, dict) else None
    if not isinstance(recipe, dict):
        return None
    path = ("interleave", "tokenizer")
    if DIGEST in recipe:
        document.faults.append(Fault(document.mark(("interleave", DIGEST)), f"{DIGEST} is filled in on reading"))
    name = recipe.get("tokenizer")
    if not isinstance(name, str) or name == WORDS:
        return None
    try:
        content = _read(name, folder)
        FileTokenizer(content)
    except OSError as error:
        document.faults.append(Fault(document.mark(path), f"{name} cannot be read: {error.strerror}"))
        return None
    except (TokenizerError, WarmlineError) as error:
        document.faults.append(Fault(document.mark(path), f"{name}: {error}"))
        return None
    filled: dict[str, Node] = {**recipe, DIGEST: blake2b(content, digest_size=16).hexdigest()}
    document.data = {**document.data, "interleave": filled} if isinstance(document.data, dict) else document.data
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
