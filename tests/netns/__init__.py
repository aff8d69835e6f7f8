"""Several hosts on one machine: network namespaces joined by a switch that can be made bad.

``Hosts`` gives each host its own addresses, loopback and ports, runs programs in it, and loses,
delays, repeats or reorders what goes over its cable. Nothing has a name in the system and every
process ends with the test's, so that nothing is left behind, also after a crash.
"""

from tests.netns.cable import PERFECT, Cable
from tests.netns.hosts import Host, Hosts, NoNamespacesError, why_not

__all__ = ["PERFECT", "Cable", "Host", "Hosts", "NoNamespacesError", "why_not"]
