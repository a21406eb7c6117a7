// Replaces parts of the page in place. Without this script the same links and forms load whole
// pages. What comes from the server is a page of ours; the part of it that has the same identity
// takes the place of the old one. Nothing is ever made of texts by this script.
"use strict";

const parser = new DOMParser();
let asking = null; // The latest question of a person; an answer to an earlier one is dropped.

async function replace(address, name, kept) {
  const controller = new AbortController();
  if (asking) asking.abort();
  asking = controller;
  const old = document.getElementById(name);
  old.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { signal: controller.signal, credentials: "same-origin" });
    const page = parser.parseFromString(await answer.text(), "text/html");
    const part = page.getElementById(name);
    if (!answer.ok || !part) {
      if (kept) location.assign(address); // The page itself says what is wrong.
      return;
    }
    put(part, name);
    if (kept) history.replaceState(null, "", address);
  } catch (error) {
    if (error.name !== "AbortError" && kept) location.assign(address);
  } finally {
    document.getElementById(name)?.removeAttribute("aria-busy");
    if (asking === controller) asking = null;
  }
}

function put(part, name) {
  const old = document.getElementById(name);
  const active = document.activeElement;
  const within = old.contains(active) ? active : null;
  const typed = within && "value" in within ? within.value : null;
  const caret = within && within.type === "search" ? within.selectionStart : null;
  const left = [...old.querySelectorAll(".scroll")].map((element) => element.scrollLeft);
  const folds = [...old.querySelectorAll("details[id]")].map((e) => [e.id, e.open]);
  const next = document.importNode(part, true);
  old.replaceWith(next);
  next.querySelectorAll(".scroll").forEach((e, i) => { e.scrollLeft = left[i] || 0; });
  folds.forEach(([id, open]) => { const e = document.getElementById(id); if (e) e.open = open; });
  const again = within && within.id ? document.getElementById(within.id) : null;
  if (within) (again || next.querySelector(".scroll") || next).focus({ preventScroll: true });
  if (again && typed !== null && "value" in again) again.value = typed;
  if (again && caret !== null) again.setSelectionRange(caret, caret);
}

function addressOf(form) {
  const parameters = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...parameters]) if (value === "") parameters.delete(name);
  return `${location.pathname}?${parameters}`;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-replaces]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  replace(link.href, link.dataset.replaces, true);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-replaces]");
  if (!form) return;
  event.preventDefault();
  replace(addressOf(form), form.dataset.replaces, true);
});

let pause = 0;
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-replaces]");
  if (!form) return;
  clearTimeout(pause);
  pause = setTimeout(() => replace(addressOf(form), form.dataset.replaces, true), 300);
});

// A study that runs: the server says that something changed, and the part is fetched anew.
let late = false;
function follow(name, source) {
  const events = new EventSource(source);
  events.onmessage = () => {
    if (document.hidden) late = true;
    else renew(name);
  };
  addEventListener("pagehide", () => events.close());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && late) renew(name);
  });
}

function renew(name) {
  late = false;
  if (asking) setTimeout(() => renew(name), 200); // A person's question goes first.
  else replace(location.href, name, false);
}

const live = document.querySelector("[data-live]");
if (live) follow(live.id, live.dataset.live);

// What takes a while to find out is fetched once the page is there.
for (const part of document.querySelectorAll("[data-fetch]")) fill(part);

async function fill(part) {
  part.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(part.dataset.fetch, { credentials: "same-origin" });
    const page = parser.parseFromString(await answer.text(), "text/html");
    const found = page.getElementById(part.id) || page.querySelector("[role=alert]");
    if (found) part.replaceChildren(...document.importNode(found, true).childNodes);
  } finally {
    part.removeAttribute("aria-busy"); // The link in it still leads there.
  }
}

// On a narrow screen filters that are not in use make room for the table.
if (matchMedia("(max-width: 40rem)").matches) {
  for (const fold of document.querySelectorAll("details.fold:not([data-used])")) fold.open = false;
}

// The columns of a chosen file are offered as targets; the file is read here, and sent with the form.
document.addEventListener("change", async (event) => {
  const list = document.getElementById(event.target.dataset?.columns || "");
  const file = event.target.files?.[0];
  if (!list || !file) return;
  const head = (await file.slice(0, 65536).text()).replace(/^\uFEFF/, "").split(/\r?\n/, 1)[0];
  list.replaceChildren(...namesOf(head).map((name) => {
    const option = document.createElement("option");
    option.value = name;
    return option;
  }));
});

function namesOf(head) {
  const mark = [",", ";", "\t"].reduce((a, b) => (head.split(b).length > head.split(a).length ? b : a));
  const names = [];
  let name = "", quoted = false;
  for (let i = 0; i < head.length; i += 1) {
    const c = head[i];
    if (c === '"' && quoted && head[i + 1] === '"') { name += c; i += 1; }
    else if (c === '"') quoted = !quoted;
    else if (c === mark && !quoted) { names.push(name); name = ""; }
    else name += c;
  }
  return [...names, name].map((each) => each.trim()).filter(Boolean);
}
