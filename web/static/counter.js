// Keystrokes and time: what a verdict costs.

export class Counter {
  constructor() {
    this.keys = 0;
    this.shown = performance.now();
    this.allKeys = 0;
    this.verdicts = 0;
    this.began = 0;
  }

  pressed() {
    this.keys += 1;
  }

  unpressed() {
    this.keys -= 1;
  }

  showing() {
    this.keys = 0;
    this.shown = performance.now();
  }

  judged(count) {
    const cost = { seconds: (performance.now() - this.shown) / 1000, keys: count ? this.keys / count : this.keys };
    this.began ||= this.shown;
    this.allKeys += this.keys;
    this.verdicts += count;
    this.keys = 0;
    return cost;
  }

  words() {
    if (!this.verdicts) return "";
    const minutes = (performance.now() - this.began) / 60000;
    const rate = Math.round(this.verdicts / Math.max(minutes, 1 / 60));
    return `${this.verdicts} judged, ${(this.allKeys / this.verdicts).toFixed(2)} keys each, ${rate} a minute`;
  }
}
