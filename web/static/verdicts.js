// What was said: sends it, remembers it for the cells, takes it back in the order in which it was given.

const HEX = 16;
// Not randomUUID, which there is only on pages of this machine or with TLS.
const newToken = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(HEX).padStart(2, "0")).join("");

export class Verdicts {
  constructor(state) {
    this.state = state;
    const own = state.outbox.items.filter((item) => item.person === state.person);
    const undos = own.filter((item) => !item.verdicts);
    const undone = new Set(undos.map((item) => item.batch));
    const gone = new Set(undos.flatMap((item) => item.numbers ?? []));
    this.done = state.session.batches.filter(([[number]]) => !gone.has(number)).map((pairs) => ({
      numbers: pairs.map(([number]) => number),
      rows: pairs.map(([, row]) => row),
      before: [],
    }));
    for (const { batch, verdicts } of own) {
      if (verdicts && !undone.has(batch)) this.done.push({ batch, rows: verdicts.map(({ row }) => row), before: [] });
    }
  }

  give(asked, pressed) {
    const { state } = this;
    const cells = state.cells.rows;
    const pairs = asked.filter(([row]) => state.of !== "object" || cells.get(row).object_id); // no name, no object
    if (!pairs.length) return;
    const cost = state.counter.judged(pairs.length);
    const batch = newToken();
    const verdicts = pairs.map(([row, verdict], index) => ({
      row, verdict, of: state.of, queue: state.listed.queue, token: `${batch}:${index}`, ...cost,
    }));
    const rows = pairs.map(([row]) => row);
    this.done.push({ batch, rows, before: rows.map((row) => cells.get(row).mine) });
    for (const [row, verdict] of pairs) cells.get(row).mine = { verdict, of: state.of };
    state.outbox.add({ batch, person: state.person, asked: state.listed, verdicts, pressed });
  }

  undo() {
    const last = this.done.pop();
    if (!last) return [];
    const { state } = this;
    const { batch, rows, before } = last;
    rows.forEach((row, place) => {
      const cell = state.cells.rows.get(row);
      if (cell) cell.mine = before[place] ?? null;
    });
    const numbers = last.numbers ?? state.outbox.numbers.get(batch);
    state.outbox.add({ batch, numbers, rows, before, person: state.person, token: newToken() });
    return rows;
  }
}
