"""In which language is a text? By its script, and among Latin ones by their commonest words: a guess.

Of texts of a sentence or two most are told, few wrongly; a language in Latin script that is not listed here
is not told, or taken for its next of kin.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

UNKNOWN: Final = "not told"
"""Too short, no words, or words that several languages share."""
FEWEST_WORDS: Final = 5
LOOKED_AT: Final = 2_000
"""Characters of a text that are looked at."""

_ENGLISH_WORDS: Final = """
the of and to is that it for was with you this have are be not what your on my can how from in at as me no do
so if by he we an or am up us her than has had his they when
"""
_ALSO_ENGLISH_WORDS: Final = "die war also man hat per come son pour use go"
_ENGLISH: Final = frozenset(_ENGLISH_WORDS.split())
_ALSO_ENGLISH: Final = frozenset(_ALSO_ENGLISH_WORDS.split())
_OTHER_WORDS: Final[Mapping[str, str]] = {
    "German": "der die das und ist nicht ein eine ich zu mit den von auf für sie wie es dem auch sich im bei",
    "French": "le les et est une des que dans qui pas vous sur avec je il du ce au plus mon sont la de",
    "Spanish": "el los una que para las por con del se su como lo mi más pero está al muy qué la de en es y",
    "Portuguese": "os uma que para não com da em um por mais se como na dos meu está você do de ao são",
    "Italian": "il gli una che per non di con sono del la le un mi più della nel alla anche questo",
    "Dutch": "de het een en van ik niet dat op te zijn voor met er aan mijn naar ook maar wat hoe",
    "Swedish": "och att det är en som på för inte jag med den till har av om ett du var kan från hur",
    "Danish or Norwegian": "og at det er en som på for ikke jeg med den til har af om et du var kan fra å",
    "Polish": "nie się na jest że jak co po dla ale od za jestem czy tak przez oraz są być ma który do",
    "Czech": "se na je že jak pro ale za od jsem není jsou nebo co mi už tak být má jeho který by",
    "Turkish": "ve bir bu için ile ne da de çok var nasıl olarak daha gibi ama değil ben olan her ya olduğu",
    "Indonesian": "yang dan di untuk dengan tidak ini itu dari ke saya pada adalah akan bisa apa atau",
    "Vietnamese": "và của là có không cho một được tôi trong với này các người để đã những khi làm mọi",
}
_COMMON_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "English": _ENGLISH,
    # Single letters, and what English has too, tell nothing apart.
    **{
        language: frozenset(word for word in words.split() if len(word) > 1) - _ENGLISH - _ALSO_ENGLISH
        for language, words in _OTHER_WORDS.items()
    },
}
_LANGUAGES_OF: Final[Mapping[str, tuple[str, ...]]] = {
    word: tuple(language for language, words in _COMMON_WORDS.items() if word in words)
    for word in frozenset[str]().union(*_COMMON_WORDS.values())
}
_SCRIPTS: Final = (
    (re.compile(r"[\u3040-\u30ff]"), "Japanese"),
    (re.compile(r"[\uac00-\ud7af]"), "Korean"),
    (re.compile(r"[\u4e00-\u9fff]"), "Chinese"),
    (re.compile(r"[іїєґ]"), "Ukrainian"),
    (re.compile(r"[\u0400-\u04ff]"), "Russian or another in Cyrillic"),
    (re.compile(r"[\u0600-\u06ff]"), "Arabic or another in its script"),
    (re.compile(r"[\u0590-\u05ff]"), "Hebrew"),
    (re.compile(r"[\u0370-\u03ff]"), "Greek"),
    (re.compile(r"[\u0900-\u097f]"), "Hindi or another in Devanagari"),
    (re.compile(r"[\u0980-\u09ff]"), "Bengali"),
    (re.compile(r"[\u0b80-\u0bff]"), "Tamil"),
    (re.compile(r"[\u0c00-\u0c7f]"), "Telugu"),
    (re.compile(r"[\u0e00-\u0e7f]"), "Thai"),
)
_FOREIGN_SHARE: Final = 0.2
"""Of the characters: a name in another script does not make a text foreign."""
_LEAST_SHARE: Final = 0.08
_FEWEST_HITS: Final = 2
_WORD: Final = re.compile(r"[^\W\d_]+")


def guess_language(text: str) -> str:
    """Guess a text's language, UNKNOWN where it cannot be told."""
    start = unicodedata.normalize("NFC", text[:LOOKED_AT].lower())
    if not start.isascii():
        for script, language in _SCRIPTS:
            share = len(script.findall(start)) / len(start)
            if share > (_FOREIGN_SHARE if language != "Ukrainian" else _FOREIGN_SHARE / 5):
                return language
    words = Counter(_WORD.findall(start))
    if words.total() < FEWEST_WORDS:
        return UNKNOWN
    hits = dict.fromkeys(_COMMON_WORDS, 0)
    for word, count in words.items():
        for language in _LANGUAGES_OF.get(word, ()):
            hits[language] += count
    (best, most), (_, second) = sorted(hits.items(), key=lambda found: -found[1])[:2]
    distinct = sum(word in words for word in _COMMON_WORDS[best])
    clear = most > second and most >= _LEAST_SHARE * words.total() and distinct >= _FEWEST_HITS
    return best if clear else UNKNOWN


def language_mix(texts: Iterable[str]) -> dict[str, int]:
    """Count texts by guessed language, the commonest first."""
    return dict(Counter(map(guess_language, texts)).most_common())
