# ruff: noqa: RUF001 - the letters of many scripts are meant
"""What a visitor is told before the first reply: that nobody says it (EU AI Act, article 50)."""

from collections.abc import Mapping
from types import MappingProxyType

from engines.language import primary

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "ar": "هذا صوت اصطناعي مع ترجمة آلية.",
        "de": "Dies ist eine künstliche Stimme mit automatischer Übersetzung.",
        "en": "This is an artificial voice with automatic translation.",
        "es": "Esta es una voz artificial con traducción automática.",
        "fr": "Ceci est une voix artificielle avec traduction automatique.",
        "it": "Questa è una voce artificiale con traduzione automatica.",
        "nl": "Dit is een kunstmatige stem met automatische vertaling.",
        "pl": "To jest sztuczny głos z automatycznym tłumaczeniem.",
        "pt": "Esta é uma voz artificial, com tradução automática.",
        "ro": "Aceasta este o voce artificială cu traducere automată.",
        "ru": "Это искусственный голос с автоматическим переводом.",
        "tr": "Bu, otomatik çeviri yapan yapay bir sestir.",
        "uk": "Це штучний голос з автоматичним перекладом.",
        "zh": "这是人工智能语音，并带有自动翻译。",
    }
)
"""By primary language subtag."""

PATTERN_LANGUAGE = "en"
"""From its sentence that of a language without one is translated."""


def sentence_in(language: str) -> str:
    """The sentence in a language (BCP-47); empty where there is none."""
    return SENTENCES.get(primary(language), "")
