// Watches a stream by WebRTC (WHEP), and speaks to its door while a button is held.

const GATHER_MS = 500;
const CONNECT_MS = 8000;
const MICROPHONE_KEPT_MS = 20_000;
const LOST = ["failed", "closed", "disconnected"];

/**
 * Connects, and shows the stream in `video`; fails when that cannot be done.
 *
 * @param {HTMLVideoElement} video shows it; playing it is left to its `autoplay`.
 * @param {{url: string, token: string, onLost: () => void}} options `onLost` is called once, when
 *   the connection breaks that this function made.
 * @returns {Promise<{close: () => void, talk?: (on: boolean) => void}>} `talk` where this browser
 *   lets the page use a microphone: what is said while it is on is one reply.
 */
export async function watch(video, { url, token, onLost }) {
  const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  const microphone = navigator.mediaDevices ? new Microphone(peer) : null;
  const headers = { Authorization: `Bearer ${token}` };
  let session = null;
  const close = () => {
    peer.onconnectionstatechange = null;
    peer.close();
    microphone?.close();
    if (session) fetch(session, { method: "DELETE", headers, keepalive: true }).catch(() => {});
    session = null;
  };
  try {
    show(video, peer, microphone !== null);
    await peer.setLocalDescription();
    await gathered(peer);
    const answer = await fetch(url, {
      method: "POST",
      body: peer.localDescription.sdp,
      headers: { ...headers, "Content-Type": "application/sdp" },
    });
    if (answer.status !== 201) throw new Error(`WHEP: ${answer.status}`);
    session = new URL(answer.headers.get("Location"), new URL(url, location.href));
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    await connected(peer);
  } catch (error) {
    close();
    throw error;
  }
  peer.onconnectionstatechange = () => {
    if (!LOST.includes(peer.connectionState)) return;
    close();
    onLost();
  };
  return microphone?.heard ? { close, talk: (on) => microphone.press(on) } : { close };
}

/** Held down, it opens the microphone; let go, it is silent at once and closed after a while. */
class Microphone {
  #channel;
  #sender;
  #track = null;
  #opening = null;
  #pressed = false;
  #closing = 0;

  constructor(peer) {
    const transceiver = peer.addTransceiver("audio", { direction: "sendrecv" });
    this.#sender = transceiver.sender;
    this.#channel = peer.createDataChannel("talk");
    this.transceiver = transceiver;
  }

  /** Whether the other side takes what is said. */
  get heard() {
    return this.transceiver.currentDirection === "sendrecv";
  }

  async press(on) {
    if (on === this.#pressed) return;
    this.#pressed = on;
    clearTimeout(this.#closing);
    if (!on) {
      this.#silence();
      return;
    }
    try {
      await (this.#opening ??= this.#open());
    } catch {
      this.#opening = null; // not allowed, or there is none: asked again at the next press
      this.#pressed = false;
      return;
    }
    if (!this.#pressed || !this.#track) return;
    this.#track.enabled = true;
    this.#send("start");
  }

  close() {
    clearTimeout(this.#closing);
    this.#track?.stop();
    this.#track = this.#opening = null;
    this.#pressed = false;
  }

  async #open() {
    const constraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: constraints });
    this.#track = stream.getAudioTracks()[0];
    this.#track.enabled = false;
    await this.#sender.replaceTrack(this.#track);
  }

  #silence() {
    if (this.#track) this.#track.enabled = false;
    this.#send("stop");
    this.#closing = setTimeout(() => this.close(), MICROPHONE_KEPT_MS);
  }

  #send(word) {
    if (this.#channel.readyState === "open") this.#channel.send(word);
  }
}

function show(video, peer, speaks) {
  const stream = new MediaStream();
  peer.addTransceiver("video", { direction: "recvonly" });
  if (!speaks) peer.addTransceiver("audio", { direction: "recvonly" });
  peer.ontrack = ({ track }) => {
    stream.addTrack(track);
    video.srcObject = stream;
  };
}

/** Until all of this browser's addresses are known, or long enough. */
function gathered(peer) {
  return new Promise((resolve) => {
    const look = () => peer.iceGatheringState === "complete" && resolve();
    peer.onicegatheringstatechange = look;
    setTimeout(resolve, GATHER_MS);
    look();
  });
}

function connected(peer) {
  return new Promise((resolve, reject) => {
    const refuse = () => reject(new Error("WebRTC cannot reach the worker"));
    const look = () => {
      if (peer.connectionState === "connected") resolve();
      else if (LOST.includes(peer.connectionState)) refuse();
    };
    setTimeout(refuse, CONNECT_MS);
    peer.onconnectionstatechange = look;
    look();
  });
}
