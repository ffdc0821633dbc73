// What the page asks of its server.

const xsrf = () => document.querySelector("meta[name=xsrf]").content;

export class Refused extends Error {}

async function answered(response) {
  if (response.ok) return response;
  let said = response.statusText;
  try {
    said = (await response.json()).error;
  } catch {
    // The status has to do.
  }
  throw new Refused(said);
}

const address = (path, asked) => `${path}?${new URLSearchParams(asked)}`;

export const getJson = async (path, asked = {}) => (await answered(await fetch(address(path, asked)))).json();

export async function getOrder(asked) {
  const response = await answered(await fetch(address("/api/list", asked)));
  return new Int32Array(await response.arrayBuffer());
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json", "X-XSRFToken": xsrf() };
  return (await answered(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }))).json();
}
