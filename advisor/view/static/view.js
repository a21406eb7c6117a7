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
  const open = new Set([...old.querySelectorAll("details[open][id]")].map((e) => e.id));
  const next = document.importNode(part, true);
  old.replaceWith(next);
  next.querySelectorAll(".scroll").forEach((e, i) => { e.scrollLeft = left[i] || 0; });
  open.forEach((id) => { const e = document.getElementById(id); if (e) e.open = true; });
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
