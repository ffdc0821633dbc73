// What the page asks of its server.

const xsrf = () => document.querySelector("meta[name=xsrf]").content;
const REFUSED = 400;
let tag = "";

export class Refused extends Error {} // what was sent is wrong; of any other trouble it may be sent again

export const only = (shown) => { tag = shown; }; // rows are numbers: those of other candidates are not to be mixed in
const headers = () => (tag ? { "X-Nightsift-Tag": tag } : {});

async function answered(response) {
  if (response.ok) return response;
  let said = response.statusText;
  try {
    said = (await response.json()).error;
  } catch {
    // The status has to do.
  }
  throw response.status === REFUSED ? new Refused(said) : new Error(said);
}

const address = (path, asked) => `${path}?${new URLSearchParams(asked)}`;

export const getJson = async (path, asked = {}) => (await answered(await fetch(address(path, asked), { headers: headers() }))).json();

export async function getOrder(asked) {
  const response = await answered(await fetch(address("/api/list", asked), { headers: headers() }));
  return new Int32Array(await response.arrayBuffer());
}

export async function post(path, body) {
  const sent = { ...headers(), "Content-Type": "application/json", "X-XSRFToken": xsrf() };
  return (await answered(await fetch(path, { method: "POST", headers: sent, body: JSON.stringify(body) }))).json();
}
