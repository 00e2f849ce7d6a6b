// Server-sent events that come back by themselves, later each time, and end with the page that asked for them.

const FIRST = 500;
const LONGEST = 15_000;

/**
 * Listens to a stream until `signal` is aborted or a listener returns `"end"`.
 * `listeners` are by event name and get the parsed data; `onState(true|false)` says whether the stream stands.
 */
export function listen(url, listeners, { signal, onState } = {}) {
  let source;
  let wait = FIRST;
  let timer;
  const stop = () => {
    clearTimeout(timer);
    source?.close();
  };
  const open = () => {
    source = new EventSource(url);
    source.onopen = () => {
      wait = FIRST;
      onState?.(true);
    };
    source.onerror = () => {
      // The browser would try again at once and for ever; after a refusal it would not try at all.
      source.close();
      if (signal?.aborted) return;
      onState?.(false);
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, LONGEST);
    };
    for (const [name, listener] of Object.entries(listeners)) {
      source.addEventListener(name, (event) => {
        if (signal?.aborted) return;
        if (listener(JSON.parse(event.data)) === "end") stop();
      });
    }
  };
  if (signal?.aborted) return stop;
  signal?.addEventListener("abort", stop, { once: true });
  open();
  return stop;
}
