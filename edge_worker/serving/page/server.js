// Everything that this page asks of its server. The token goes in a header, never in an address.

/** The server does not take this token. */
export class TokenRefused extends Error {}

export class Server {
  #token;

  constructor(token) {
    this.#token = token;
  }

  /** Send a body; gives the answer's JSON, or null. Throws an Error that says why not. */
  async post(path, body) {
    const response = await fetch(path, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.#token}` },
      body,
    });
    if (!response.ok) throw new Error(await reason(response));
    const text = await response.text();
    return text ? JSON.parse(text) : null;
  }

  /** The server-sent events of /events, as {name, data}; ends when the connection does. */
  async *events(signal) {
    const response = await fetch("/events", {
      headers: { Authorization: `Bearer ${this.#token}` },
      signal,
    });
    if (response.status === 401 || response.status === 403) {
      throw new TokenRefused(await reason(response));
    }
    if (!response.ok) throw new Error(await reason(response));
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const event = parse(block);
        if (event) yield event;
      }
    }
  }
}

function parse(block) {
  const name = /^event: (.*)$/m.exec(block)?.[1];
  const data = /^data: (.*)$/m.exec(block)?.[1];
  return name && data ? { name, data: JSON.parse(data) } : null;
}

async function reason(response) {
  try {
    return (await response.json()).error;
  } catch {
    return `the server answered ${response.status}`;
  }
}
