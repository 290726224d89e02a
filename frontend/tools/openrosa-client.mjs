// A client of OpenRosa around ODK's own form engine, without a screen: it fetches a form as the server gives it out,
// fills it in as a person would, and sends what the engine made of it. For tests and measurements.
//
//   node openrosa-client.mjs http://127.0.0.1:8000/openrosa/key/TOKEN/ < order.json
//
// The order: {"form": code, "answers": [[reference, value], ...], "files": {name: base64}, "parts": true, "again": 1}.
// "edits": [[[reference, value], ...], ...] changes what was filled in, each time what the time before made of it, and
// "sending": [2, 0, 1] says in which order they go out.
// A value that is a list chooses several; "+" adds a repeat; {"file": name} attaches a file; a number chooses the
// choice at that position of a list. What became of it is written out as JSON.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const XML = "xml_submission_file";

async function engine() {
  const { window } = new JSDOM("", { url: "http://localhost/" });
  for (const name of Object.getOwnPropertyNames(window)) {
    if (/^[A-Z]/.test(name) && !(name in globalThis)) globalThis[name] = window[name];
  }
  globalThis.window = window;
  globalThis.document = window.document;
  // The engine is built for browsers: where it sees Node, its parser looks for files beside itself.
  const { process } = globalThis;
  globalThis.process = undefined;
  try {
    return await import("@getodk/xforms-engine");
  } finally {
    globalThis.process = process;
  }
}

const said = (element, name) => [...element.children].find((one) => one.localName === name)?.textContent ?? "";
const parsed = (text) => new DOMParser().parseFromString(text, "text/xml").documentElement;

async function fetched(url, headers) {
  const answer = await fetch(url, { headers });
  if (!answer.ok) throw new Error(`${answer.status} for ${url.replace(/key\/[^/]+/, "key/…")}: ${await answer.text()}`);
  if (answer.headers.get("X-OpenRosa-Version") !== "1.0") throw new Error(`no OpenRosa at ${new URL(url).pathname}`);
  return answer;
}

function walk(node) {
  return [node, ...(node.currentState.children ?? []).flatMap(walk)];
}

function fill(root, [reference, value], files) {
  const node = walk(root).find((one) => one.currentState.reference === reference);
  if (node === undefined) throw new Error(`the form does not ask ${reference} now`);
  if (value === "+") node.addInstances();
  else if (value?.file !== undefined) node.setValue(new File([files[value.file]], value.file, { type: "image/jpeg" }));
  else if (node.nodeType === "select") {
    const chosen = typeof value === "number" ? [node.currentState.valueOptions.at(value).value] : [value].flat();
    node.selectValues(chosen);
  } else node.setValue(value);
}

async function post(url, headers, entries, partial) {
  const body = new FormData();
  for (const [name, file] of entries) body.append(name, file, file.name);
  if (partial) body.append("*isIncomplete*", "yes");
  const answer = await fetch(url, { method: "POST", headers, body });
  const text = await answer.text();
  return { status: answer.status, message: parsed(text).querySelector("message")?.textContent ?? text };
}

async function main() {
  const root = process.argv[2];
  const order = JSON.parse(readFileSync(0, "utf8"));
  const headers = { "X-OpenRosa-Version": "1.0", "Accept-Language": order.language ?? "en", ...order.headers };
  const files = Object.fromEntries(Object.entries(order.files ?? {}).map(([name, raw]) => [name, Buffer.from(raw, "base64")]));
  const { loadForm } = await engine();
  const clock = [performance.now()];

  const list = parsed(await (await fetched(`${root}formList`, headers)).text());
  const listed = [...list.children];
  const told = { listed: listed.map((one) => [said(one, "formID"), said(one, "version")]) };
  const entry = listed.find((one) => said(one, "formID") === order.form);
  if (entry === undefined) throw new Error(`${order.form} is not in the list`);
  const manifest = said(entry, "manifestUrl");
  const media = {};
  for (const one of manifest ? [...parsed(await (await fetched(manifest, headers)).text()).children] : []) {
    media[said(one, "filename")] = said(one, "downloadUrl");
  }
  const definition = await (await fetched(said(entry, "downloadUrl"), headers)).text();
  const loaded = await loadForm(definition, {
    fetchFormAttachment: (resource) => fetched(media[decodeURIComponent(resource.pathname.split("/").at(-1))], headers),
  });
  if (loaded.status === "failure") throw loaded.error;
  clock.push(performance.now());

  const form = loaded.createInstance({ preloadProperties: { deviceID: "collect:example", username: "example" } }).root;
  for (const answer of order.answers) fill(form, answer, files);
  const payload = await form.prepareInstancePayload({ payloadType: "monolithic" });
  const entries = [...payload.data[0].entries()];
  const instance = payload.data[0].get(XML);
  told.ready = payload.status;
  told.violations = (payload.violations ?? []).map((one) => one.reference);
  told.xml = await instance.text();
  told.instanceID = parsed(told.xml).querySelector("instanceID").textContent;
  told.choices = Object.fromEntries(
    walk(form).filter((one) => one.nodeType === "select").map((one) => [one.currentState.reference, one.currentState.valueOptions.length]),
  );
  clock.push(performance.now());

  const head = await fetch(`${root}submission`, { method: "HEAD", headers });
  told.head = [head.status, head.headers.get("X-OpenRosa-Accept-Content-Length")];
  const where = head.headers.get("Location");
  told.posts = [];
  const made = [payload];
  for (const answers of order.edits ?? []) {
    const input = { inputType: "FORM_INSTANCE_INPUT_RESOLVED", data: made.at(-1).data };
    const edited = (await loaded.editInstance(input)).root;
    for (const answer of answers) fill(edited, answer, files);
    made.push(await edited.prepareInstancePayload({ payloadType: "monolithic" }));
  }
  for (const n of order.sending ?? []) told.posts.push(await post(where, headers, [...made[n].data[0].entries()], false));
  if (order.sending) return process.stdout.write(JSON.stringify(told));
  const [xml, ...rest] = entries.sort(([a], [b]) => (b === XML) - (a === XML));
  for (let round = 0; round <= (order.again ?? 0); round += 1) {
    if (order.parts && rest.length > 0) {
      for (const [n, one] of rest.entries()) told.posts.push(await post(where, headers, [xml, one], n < rest.length - 1));
    } else told.posts.push(await post(where, headers, entries, false));
  }
  clock.push(performance.now());
  told.ms = clock.slice(1).map((at, n) => Math.round(at - clock[n]));
  process.stdout.write(JSON.stringify(told));
}

await main();
