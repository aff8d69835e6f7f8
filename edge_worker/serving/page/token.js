// The page's token. It comes in the address's fragment, which no server and no log ever sees, and
// stays in this tab alone.

const KEY = "polylip-token";

/** The token of this tab, or "" where there is none yet. */
export function token() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    keep(given);
    history.replaceState(null, "", location.pathname);
  }
  return sessionStorage.getItem(KEY) ?? "";
}

/** Keep another token, or forget the one there is. */
export function keep(given) {
  if (given) sessionStorage.setItem(KEY, given);
  else sessionStorage.removeItem(KEY);
}
