// What this browser remembers from visit to visit.

const PREFIX = "nightsift.";

export function recall(name, otherwise) {
  try {
    const kept = localStorage.getItem(PREFIX + name);
    return kept === null ? otherwise : JSON.parse(kept);
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // A browser that keeps nothing still shows the page.
  }
}

// What is remembered under names that begin so, by name.
export function allOf(prefix) {
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX + prefix)).sort();
    return new Map(names.map((name) => [name.slice(PREFIX.length), recall(name.slice(PREFIX.length), [])]));
  } catch {
    return new Map();
  }
}

export function forget(name) {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // Nothing was kept.
  }
}
