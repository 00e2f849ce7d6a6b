// What the hub is doing now: one stream for all pages, kept as long as somebody is logged in.
import { get, stream } from "./api.js";
import { listen } from "./events.js";

const hub = new EventTarget();
let state = { servers: [], totals: null, known: false, connected: false, problem: null };
let stop = null;

/** The latest state: servers, totals, whether it is known yet and whether the stream stands. */
export const status = () => state;

function change(part) {
  state = { ...state, ...part };
  hub.dispatchEvent(new Event("change"));
}

/** Starts to follow the hub. */
export function follow() {
  stop?.();
  stop = listen(
    stream("/events"),
    {
      status: (now) => change({ servers: now.servers ?? [], totals: now.totals ?? null, known: true }),
      config: (now) => {
        change({ problem: now.problem ?? null, configEtag: now.etag });
        hub.dispatchEvent(new CustomEvent("config", { detail: now }));
      },
    },
    {
      onState: (connected) => {
        change({ connected });
        // A stream does not say why it was refused; an answer does, and leads to the login where that has ended.
        if (!connected) get("/audit").catch(() => {});
      },
    },
  );
}

/** Stops following it. */
export function unfollow() {
  stop?.();
  stop = null;
  state = { servers: [], totals: null, known: false, connected: false, problem: null };
}

/** Calls `listener` now and with every change, until the signal is aborted. */
export function onStatus(listener, signal) {
  hub.addEventListener("change", () => listener(state), { signal });
  listener(state);
}

/**
 * Says that the configuration was changed here. The stream tells of the latest state only, so a change that is taken back
 * within a second would go by unheard.
 */
export function changedHere(etag) {
  change({ problem: null, configEtag: etag });
  hub.dispatchEvent(new CustomEvent("config", { detail: { etag } }));
}

/** Calls `listener` when the configuration has changed, here or by another hand. */
export function onConfig(listener, signal) {
  hub.addEventListener("config", (event) => listener(event.detail), { signal });
}
