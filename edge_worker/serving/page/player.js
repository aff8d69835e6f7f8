// Shows one stream: by WebRTC where that works, else as pictures without sound.
//
// A browser opens six connections to one server at most, and an MJPEG picture keeps one: beyond
// the first few, pictures are fetched one by one. What is out of sight is not fetched at all.

const AGAIN_MS = 3000;
const STILL_MS = 500;
const PLAYING_MS = 8000;
const MOVING = 3;
const moving = new Set();

export class Player {
  #parts;
  #stream;
  #tokens;
  #side = "live";
  #session = null;
  #turn = 0;
  #timer = 0;
  #seen = false;
  #webrtcWorks = "RTCPeerConnection" in window;
  #sight;

  /** `tokens`: {view, talk}; `onTalk(talk)`: told of the microphone, or null. */
  constructor(parts, stream, tokens, onTalk) {
    this.#parts = parts;
    this.#stream = stream;
    this.#tokens = tokens;
    this.onTalk = onTalk;
    parts.sound.addEventListener("click", () => this.#mute(!parts.video.muted));
    parts.picture.addEventListener("load", () => this.#loaded());
    parts.picture.addEventListener("error", () => this.#parts.picture.src && this.#again());
    parts.video.addEventListener("playing", () => this.#playing());
    this.#sight = new IntersectionObserver(([entry]) => this.#look(entry.isIntersecting));
    this.#sight.observe(parts.stage);
  }

  /** Show "live" or "original" from now on. */
  play(side) {
    this.#side = side;
    if (this.#seen) this.#begin();
  }

  /** Show nothing more. */
  close() {
    this.#sight.disconnect();
    this.#stop();
  }

  #look(seen) {
    if (seen === this.#seen) return;
    this.#seen = seen;
    if (seen) this.#begin();
    else this.#stop();
  }

  #stop() {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.#session?.close();
    this.#session = null;
    moving.delete(this);
    this.#parts.picture.removeAttribute("src");
    this.onTalk(null);
  }

  async #begin() {
    this.#stop();
    const turn = this.#turn;
    this.#show(null);
    if (this.#side === "live" && (await this.#webrtc(turn))) return;
    if (turn !== this.#turn) return;
    if (moving.size < MOVING) moving.add(this);
    this.#fetch();
  }

  async #webrtc(turn) {
    if (!this.#webrtcWorks) return false;
    try {
      const { watch } = await import("/page/whep.js");
      const session = await watch(this.#parts.video, {
        url: `/whep/${this.#stream}`,
        token: this.#tokens.talk,
        onLost: () => turn === this.#turn && this.#again(),
      });
      if (turn !== this.#turn) {
        session.close();
        return true;
      }
      this.#session = session;
      this.#parts.video.hidden = false; // browsers play nothing that cannot be seen
      this.#timer = setTimeout(() => this.#giveUp(), PLAYING_MS);
      if (session.talk) this.onTalk((on) => session.talk(on));
      return true;
    } catch {
      return false;
    }
  }

  /** The address has the token for this stream alone: an <img> can send no header. */
  #fetch() {
    const kind = moving.has(this) ? "mjpeg" : "jpg";
    const query = new URLSearchParams({ token: this.#tokens.view, at: Date.now() });
    this.#parts.picture.src = `/${this.#side}/${this.#stream}.${kind}?${query}`;
  }

  #loaded() {
    this.#show(this.#parts.picture);
    if (!moving.has(this)) this.#timer = setTimeout(() => this.#fetch(), STILL_MS);
  }

  #playing() {
    clearTimeout(this.#timer);
    this.#show(this.#parts.video);
  }

  /** It is connected, but this browser cannot play what comes. */
  #giveUp() {
    this.#webrtcWorks = false;
    this.#begin();
  }

  #again() {
    this.#stop();
    this.#show(null);
    this.#timer = setTimeout(() => this.#begin(), AGAIN_MS);
  }

  #show(element) {
    const { video, picture, waiting, sound } = this.#parts;
    video.hidden = element !== video;
    picture.hidden = element !== picture;
    sound.hidden = element !== video;
    waiting.hidden = element !== null;
  }

  #mute(muted) {
    this.#parts.video.muted = muted;
    this.#parts.sound.setAttribute("aria-pressed", String(!muted));
  }
}
