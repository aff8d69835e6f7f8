"""Company: several people before one camera, of whom it is known who speaks when.

A woman and her mirror image speak the sample's own sentences, a real man talks without a sound or
is made to speak, others listen, chew, yawn, smile, nod or hang on the wall; they sit, leave, come
and cross. What is said may come from off camera.
"""

from edge_worker.bench.company.catalogue import companies
from edge_worker.bench.company.gathering import EPOCH, Company, Spoken

__all__ = ["EPOCH", "Company", "Spoken", "companies"]
