// What messages of the contract are in words.

const RUNGS = {
  full: "everything",
  lips_half_rate: "lips at half rate",
  audio_only: "sound only",
  captions_only: "captions only",
  pass_through: "the original",
};

const VERDICTS = {
  same_language: "said in this language",
  pair_missing: "no model translates it",
  unsure: "not understood well enough",
  overload: "too late to be spoken",
  failed: "could not be translated",
};

/** One settled utterance as a list item. */
export function captionOf(utterance) {
  const line = document.createElement("li");
  line.dataset.id = utterance.utterance;
  line.dataset.stage = utterance.stage;
  line.append(
    words("target", utterance.target_text, utterance.target_language),
    words("source", utterance.source_text, utterance.source_language),
  );
  const why = VERDICTS[utterance.verdict];
  if (why) line.append(words("why", why, "en"));
  return line;
}

function words(kind, text, language) {
  const paragraph = document.createElement("p");
  paragraph.className = kind;
  paragraph.textContent = text ?? "";
  paragraph.dir = "auto";
  if (language) paragraph.lang = language;
  return paragraph;
}

/** [tone, word] of the badge. */
export function toneOf(state, status) {
  if (status === "offline") return ["bad", "camera offline"];
  if (!state) return ["", "not served"];
  if (state.active === false) return ["", "asleep"];
  if (state.settings?.enabled === false) return ["", "original"];
  if (state.rung && state.rung !== "full") return ["bad", RUNGS[state.rung] ?? state.rung];
  return ["good", "live"];
}

/** What somebody should know or do: {text, bad}. */
export function noticeOf(state) {
  if (!state) return { text: "", bad: false };
  if (state.last_error) {
    return { text: `${state.last_error.setting}: ${state.last_error.reason}`, bad: true };
  }
  if (state.needs) {
    const models = state.needs.models?.map((model) => model.id ?? model).join(", ");
    return { text: `Models lack for this: ${models}`, bad: true };
  }
  if (state.trouble) return { text: state.trouble, bad: true };
  return { text: state.active === false ? (state.sleep_reason ?? "") : "", bad: false };
}

/** [[name, value]] of the figures. */
export function figuresOf(state, metrics) {
  const rows = [];
  if (state) {
    rows.push(["Delay", seconds(state.playout_delay_ns ?? 0)]);
    rows.push(["Done", RUNGS[state.rung ?? "full"] ?? state.rung]);
    rows.push(["Served by", state.owner]);
  }
  if (metrics) {
    rows.push(["Translation lag", measured(metrics.translation_lag_ns, seconds)]);
    rows.push(["Sound after picture", measured(metrics.stamp_offset_ns, milliseconds)]);
    rows.push(["Pictures a second", (metrics.fps ?? 0).toFixed(1)]);
    rows.push(["Processing time (tau)", (metrics.tau ?? 0).toFixed(2)]);
  }
  return rows;
}

const measured = (value, unit) => (value === null || value === undefined ? "not measured" : unit(value));
const seconds = (ns) => `${(ns / 1e9).toFixed(2)} s`;
const milliseconds = (ns) => `${(ns / 1e6).toFixed(1)} ms`;
