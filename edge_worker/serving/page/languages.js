// Languages by their names, in the language of whoever reads the page.

const names = new Intl.DisplayNames([...navigator.languages], { type: "language" });

/** What people call a language; its id where nobody knows a name. */
export function languageName(id) {
  try {
    return names.of(id) ?? id;
  } catch {
    return id;
  }
}

/** The choices of one picker, from what all workers offer: [{id, label}], by name. */
export function choices(workers, side) {
  const reach = new Map();
  for (const worker of workers) {
    for (const pair of worker.pairs ?? []) reach.set(pair[side], "ready");
    for (const offer of worker.languages ?? []) {
      const further = offer[side];
      if (further && further !== "none" && reach.get(offer.language) !== "ready") {
        reach.set(offer.language, further);
      }
    }
  }
  return [...reach]
    .map(([id, how]) => ({
      id,
      label: how === "ready" ? languageName(id) : `${languageName(id)} (after a download)`,
    }))
    .sort((one, other) => one.label.localeCompare(other.label));
}

/** Fill a <select> and choose, changing nothing that is as it should be. */
export function fill(select, options, chosen) {
  const wanted = options.some((option) => option.id === chosen)
    ? options
    : [...options, { id: chosen, label: languageName(chosen) }];
  const now = [...select.options].map((option) => `${option.value}\n${option.text}`);
  if (now.join() !== wanted.map((option) => `${option.id}\n${option.label}`).join()) {
    select.replaceChildren(...wanted.map((option) => new Option(option.label, option.id)));
  }
  select.value = chosen;
}
