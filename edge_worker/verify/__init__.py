"""Judges a finished film by its pictures, its sound and its captions, and by nothing else.

Whoever made the film is not asked: nothing here imports the renderer, the timeline or the engine
of the lips (a test sees to that). Where mouths are, when phones are heard and what words are said
is found anew. What a film cannot tell is said with its reason, not guessed.
"""

from edge_worker.verify.findings import Control, Counts, Findings, MouthFindings, Reading, Words
from edge_worker.verify.judging import Subject, captions_of, verify

__all__ = [
    "Control",
    "Counts",
    "Findings",
    "MouthFindings",
    "Reading",
    "Subject",
    "Words",
    "captions_of",
    "verify",
]
