"""Frequent small words of the Latin languages that are told apart by them."""

_LISTS = {
    "en": "the and i you it that is was to of my your this what with for have not but are be just so they we he she "
    "when there from about would could how out been had were their them who if i'm it's don't i've that's you're can't "
    "didn't really because did a an as at by do die far in man me no o on or pour son",
    "de": "der die das und ich du es ist nicht ein eine einen dem den mit mir mich dich dir auch so zu auf wie aber "
    "hat habe war wir ihr sie er sich noch nur dass bin bist was wenn von für mein meine dein deine kein keine schon "
    "doch mal immer jetzt gar sehr weil",
    "fr": "le la les un une des et je tu il elle on nous vous que qui pas ne est suis es mon ma mes ton ta tes ce "
    "cette dans avec pour sur mais plus très c'est j'ai n'est qu'il d'un ça été tout comme quand aussi bien moi toi "
    "fait était être avoir",
    "es": "el la los las un una y yo tú que no de en es mi tu me te se lo le con por para pero muy más está estoy eres "
    "como cuando también ya hay fue era qué esto eso porque nada todo siempre ahora gracias mucho sí estás tengo",
    "it": "il lo la gli le un una e io tu che non di in è mi ti si con per ma più molto sono sei come quando anche ho "
    "hai mio mia tuo tua questo questa della del nel alla perché cosa tutto sempre così già stato ancora po' c'è",
    "pt": "o a os as um uma e eu você que não de em é meu minha seu sua me te se com por para mas muito mais está "
    "estou como quando também já foi era isso isto porque tudo sempre agora obrigado obrigada ao da do na no são tenho",
    "nl": "de het een en ik jij je dat is niet van in met mij me op te zijn was ook maar zo voor er nog wel geen heb "
    "hebt heeft we ze hij hoe wat als dan mijn jouw deze dit heel waar toch naar goed gewoon omdat daar",
}


def _exclusive() -> dict[str, str]:
    """Word → the only language that has it: words of several say nothing."""
    owners: dict[str, set[str]] = {}
    for language, words in _LISTS.items():
        for word in words.split():
            owners.setdefault(word, set()).add(language)
    return {word: next(iter(languages)) for word, languages in owners.items() if len(languages) == 1}


LANGUAGES = frozenset(_LISTS)
"""Those that can be told apart."""

LANGUAGE_OF = _exclusive()
"""Word → language, for words of one language alone."""
