"""The smallest page that watches by WebRTC."""

from importlib.resources import files

from aiohttp import web

_PAGE = """<!doctype html><video id="video" autoplay playsinline></video>
<script type="module">
import { watch } from "/page/whep.js";
window.lost = 0;
window.begin = async (token) => {
  const options = { url: "/whep/door", token, onLost: () => (lost += 1) };
  window.session = await watch(document.getElementById("video"), options);
  return "talk" in session;
};
window.figures = () => {
  const quality = video.getVideoPlaybackQuality();
  return { at: video.currentTime, shown: quality.totalVideoFrames, width: video.videoWidth };
};
</script>"""


def add_page(app: web.Application) -> None:
    """Serve it, with the page's own script."""
    source = files("edge_worker.serving").joinpath("page", "whep.js").read_text()

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html")

    async def script(_request: web.Request) -> web.Response:
        return web.Response(text=source, content_type="text/javascript")

    app.add_routes([web.get("/", page), web.get("/page/whep.js", script)])
