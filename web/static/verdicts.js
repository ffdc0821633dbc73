// What was said: sends it, remembers it for the cells, takes it back in the order in which it was given.

export class Verdicts {
  constructor(state) {
    this.state = state;
    this.done = state.session.batches.map((pairs) => ({
      numbers: pairs.map(([number]) => number),
      rows: pairs.map(([, row]) => row),
    }));
  }

  give(pairs, pressed) {
    if (!pairs.length) return;
    const { state } = this;
    const cost = state.counter.judged(pairs.length);
    const batch = crypto.randomUUID();
    const verdicts = pairs.map(([row, verdict], index) => ({
      row, verdict, of: state.of, queue: state.asked.queue, token: `${batch}:${index}`, ...cost,
    }));
    for (const [row, verdict] of pairs) state.cells.rows.get(row).mine = { verdict, of: state.of };
    this.done.push({ batch, rows: pairs.map(([row]) => row) });
    state.outbox.add({ batch, person: state.person, verdicts, pressed });
  }

  undo() {
    const last = this.done.pop();
    if (!last) return [];
    const { state } = this;
    for (const row of last.rows) {
      const cell = state.cells.rows.get(row);
      if (cell) cell.mine = null;
    }
    state.outbox.add({ batch: last.batch, numbers: last.numbers, person: state.person, token: crypto.randomUUID() });
    return last.rows;
  }
}
