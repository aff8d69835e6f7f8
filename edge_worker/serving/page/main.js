// The page: a card for every stream, kept up to date by the server's events.

import { Card } from "./card.js";
import { Server, TokenRefused } from "./server.js";
import { keep, token } from "./token.js";

const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 8000;

const cards = new Map();
const workers = new Map();
const element = (id) => document.getElementById(id);

function take(server, { name, data }) {
  if (name === "worker") {
    workers.set(data.worker, data);
    for (const card of cards.values()) card.workers([...workers.values()]);
  } else if (name === "stream") {
    cards.get(data.stream)?.close();
    const card = new Card(data, server);
    cards.set(data.stream, card);
    card.workers([...workers.values()]);
    element("streams").append(card.element);
  } else if (name === "gone") {
    cards.get(data.stream)?.close();
    cards.delete(data.stream);
  } else {
    cards.get(data.stream)?.[name]?.(data);
  }
  element("nothing").hidden = cards.size > 0;
}

function clear() {
  for (const card of cards.values()) card.close();
  cards.clear();
  workers.clear();
}

async function follow(server) {
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    try {
      for await (const event of server.events()) {
        if (event.name === "hello") {
          pause = FIRST_PAUSE_MS;
          clear();
          element("connection").textContent = "Connected";
        }
        take(server, event);
      }
    } catch (error) {
      if (error instanceof TokenRefused) throw error;
    }
    element("connection").textContent = "Connecting again";
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, LAST_PAUSE_MS);
  }
}

async function open() {
  const given = token();
  element("entrance").hidden = Boolean(given);
  if (!given) {
    element("connection").textContent = "Not connected";
    return;
  }
  try {
    await follow(new Server(given));
  } catch (error) {
    keep("");
    clear();
    element("connection").textContent = "Not connected";
    element("refusal").textContent = error.message;
    element("entrance").hidden = false;
    element("token").focus();
  }
}

element("entrance").addEventListener("submit", (event) => {
  event.preventDefault();
  keep(element("token").value.trim());
  element("token").value = "";
  element("refusal").textContent = "";
  open();
});

addEventListener("hashchange", () => location.hash.includes("token=") && location.reload());
open();
