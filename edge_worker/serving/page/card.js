// One stream on the page. Whatever comes from outside is set as text, never as markup.

import { choices, fill, languageName } from "./languages.js";
import { captionOf, figuresOf, noticeOf, toneOf } from "./words.js";
import { Player } from "./player.js";

const CAPTIONS = 5;
const OVER = ["spoken", "cancelled", "expired", "failed"];

export class Card {
  #parts = {};
  #stream;
  #server;
  #player;
  #state = null;
  #info = null;
  #status = null;
  #metrics = null;
  #workers = [];
  #reply = "";
  #talk = null;

  constructor({ stream, view, talk }, server) {
    this.#stream = stream;
    this.#server = server;
    const copy = document.getElementById("card").content.cloneNode(true);
    this.element = copy.querySelector("article");
    for (const part of this.element.querySelectorAll("[data-part]")) {
      this.#parts[part.dataset.part] = part;
    }
    this.#label();
    this.#listen();
    this.#player = new Player(this.#parts, stream, { view, talk }, (talking) => this.#hear(talking));
    this.#player.play("live");
    this.#draw();
  }

  close() {
    this.#player.close();
    this.element.remove();
  }

  info(info) {
    this.#info = info;
    this.#draw();
  }

  state(state) {
    this.#state = state;
    this.#draw();
  }

  status({ status }) {
    this.#status = status;
    this.#draw();
  }

  metrics(metrics) {
    this.#metrics = metrics;
    this.#draw();
  }

  workers(workers) {
    this.#workers = workers;
    this.#draw();
  }

  utterance(utterance) {
    if (utterance.stage === "partial") {
      this.#text("partial", utterance.source_text);
      this.#parts.partial.lang = utterance.source_language ?? "";
      return;
    }
    this.#text("partial", "");
    const list = this.#parts.captions;
    const old = [...list.children].find((line) => line.dataset.id === utterance.utterance);
    const line = captionOf(utterance);
    if (old) old.replaceWith(line);
    else list.append(line);
    while (list.children.length > CAPTIONS) list.firstElementChild.remove();
  }

  reply(reply) {
    if (reply.transaction !== this.#reply) return;
    const words = reply.text ? `${reply.status}: ${reply.text}` : reply.status;
    this.#say(reply.reason ? `${words} (${reply.reason})` : words, reply.status === "failed");
    if (OVER.includes(reply.status)) this.#reply = "";
  }

  #draw() {
    const { source, target, condition, notice, words, send, talk } = this.#parts;
    this.#text("name", this.#info?.name || this.#stream);
    this.#text("area", this.#info?.area ?? "");
    this.#parts.picture.alt = `Picture of ${this.#info?.name || this.#stream}`;
    const [tone, word] = toneOf(this.#state, this.#status);
    condition.dataset.tone = tone;
    condition.textContent = word;
    const settings = this.#state?.settings;
    const auto = { id: "auto", label: "Any language" };
    fill(source, [auto, ...choices(this.#workers, "source")], settings?.source_language ?? "auto");
    fill(target, choices(this.#workers, "target"), settings?.target_language ?? "en");
    source.disabled = target.disabled = !settings;
    const { text, bad } = noticeOf(this.#state);
    notice.textContent = text;
    notice.dataset.tone = bad ? "bad" : "";
    words.disabled = send.disabled = !this.#info?.talkback;
    talk.hidden = !(this.#talk && this.#info?.talkback);
    words.placeholder = this.#info?.talkback
      ? `Reply in ${languageName(settings?.target_language ?? "en")}`
      : "This door has no loudspeaker";
    this.#figures();
  }

  #figures() {
    const rows = figuresOf(this.#state, this.#metrics).flatMap(([name, value]) => {
      const term = document.createElement("dt");
      const figure = document.createElement("dd");
      term.textContent = name;
      figure.textContent = value;
      return [term, figure];
    });
    this.#parts.figures.replaceChildren(...rows);
  }

  #listen() {
    const { source, target, reply, words, live, original, talk } = this.#parts;
    source.addEventListener("change", () => this.#set("source_language", source.value));
    target.addEventListener("change", () => this.#set("target_language", target.value));
    live.addEventListener("change", () => this.#player.play("live"));
    original.addEventListener("change", () => this.#player.play("original"));
    reply.addEventListener("submit", (event) => {
      event.preventDefault();
      if (words.value.trim()) this.#send(words.value.trim());
    });
    const press = (on) => (event) => {
      event.preventDefault();
      talk.setAttribute("aria-pressed", String(on));
      this.#talk?.(on);
    };
    talk.addEventListener("pointerdown", press(true));
    for (const end of ["pointerup", "pointerleave", "pointercancel", "blur"]) {
      talk.addEventListener(end, press(false));
    }
    talk.addEventListener("keydown", (event) => event.key === " " && press(true)(event));
    talk.addEventListener("keyup", (event) => event.key === " " && press(false)(event));
  }

  #hear(talk) {
    this.#talk = talk;
    this.#draw();
  }

  async #set(setting, value) {
    try {
      await this.#server.post(`/streams/${this.#stream}/set/${setting}`, value);
    } catch (error) {
      this.#parts.notice.textContent = error.message;
      this.#parts.notice.dataset.tone = "bad";
    }
  }

  async #send(text) {
    const language = this.#state?.settings.target_language ?? "en";
    try {
      const body = JSON.stringify({ text, language });
      const { transaction } = await this.#server.post(`/streams/${this.#stream}/say`, body);
      this.#reply = transaction;
      this.#parts.words.value = "";
      this.#say("sent", false);
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  #say(text, bad) {
    this.#text("said", text);
    this.#parts.said.dataset.tone = bad ? "bad" : "";
  }

  #text(part, text) {
    this.#parts[part].textContent = text;
  }

  /** Names and labels need ids of their own for each stream. */
  #label() {
    const { live, original, words, replyLabel } = this.#parts;
    live.name = original.name = `side-${this.#stream}`;
    words.id = `words-${this.#stream}`;
    replyLabel.htmlFor = words.id;
    this.element.id = `stream-${this.#stream}`;
  }
}
