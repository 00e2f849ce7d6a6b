// The events of one session, so that a broken stream can go on.
export class EventLog {
  #events = []; // a session of the suite has few

  async storeEvent(stream, message) {
    this.#events.push({ stream, message });
    return String(this.#events.length - 1);
  }

  async getStreamIdForEventId(id) {
    return this.#events[Number(id)]?.stream;
  }

  async replayEventsAfter(id, { send }) {
    const stream = this.#events[Number(id)]?.stream;
    if (stream === undefined) throw new Error("no such event");
    for (let next = Number(id) + 1; next < this.#events.length; next += 1) {
      const event = this.#events[next];
      // The priming event of a stream is stored as an empty message.
      if (event.stream === stream && Object.keys(event.message).length > 0) await send(String(next), event.message);
    }
    return stream;
  }
}
