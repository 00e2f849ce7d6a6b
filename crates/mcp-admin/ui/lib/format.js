// How numbers, times and sizes are written.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });

const date = (at) => (at === null || at === undefined ? null : new Date(at));

/** The time of day with seconds. */
export function time(at) {
  const value = date(at);
  return value && !Number.isNaN(value.valueOf()) ? clock.format(value) : "";
}

/** Day and time. */
export function moment(at) {
  const value = date(at);
  return value && !Number.isNaN(value.valueOf()) ? day.format(value) : "";
}

/** How long ago: "12 s ago". */
export function ago(at, never = "never") {
  const value = date(at);
  if (!value || Number.isNaN(value.valueOf())) return never;
  const seconds = Math.max(0, Math.round((Date.now() - value.valueOf()) / 1000));
  if (seconds < 3) return "just now";
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return moment(at);
}

/** Milliseconds as people say them. */
export function took(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "–";
  if (milliseconds < 10) return `${Math.round(milliseconds * 10) / 10} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}

/** Bytes in the unit that fits. */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** Calls in a second. */
export function rate(number) {
  if (!(number >= 0.05)) return "0";
  return number < 10 ? number.toFixed(1) : String(Math.round(number));
}

/** "1 tool", "2 tools". */
export function plural(number, word, words = `${word}s`) {
  return `${number} ${number === 1 ? word : words}`;
}

/** JSON laid out for reading; a text that is no JSON stays as it is. */
export function pretty(value) {
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}
