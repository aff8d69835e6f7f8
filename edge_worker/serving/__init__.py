"""Serving: live streams over HTTP and WebRTC, the built-in page, figures for Prometheus."""

from edge_worker.serving.feed import Feed, FeedEnded, FeedSegment, Viewer
from edge_worker.serving.feeds import Feeds
from edge_worker.serving.serving import Serving

__all__ = ["Feed", "FeedEnded", "FeedSegment", "Feeds", "Serving", "Viewer"]
