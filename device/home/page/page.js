// One bed, as its retained state says it is. Nothing is shown before the device says so; a control that was used is
// marked busy until its echo comes.
import mqtt from "./mqtt.js";

const $ = id => document.getElementById(id);
const SESSIONS = { idle: "Idle", winding_down: "Winding down", sleeping: "Sleeping", awake: "Awake", waking: "Waking", unknown: "Not known" };
const CARE = { settled: "Settled", restless: "Restless", needs_checking: "Needs checking", unknown: "No judgement" };
const WAKINGS = { none: "none", one_or_two: "one or two", three_or_more: "three or more" };
const PATIENCE = 4000;      // ms until an unanswered command is called that
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;     // for a device that nobody told it
let client = null, bed = "", waiting = new Map(), pictureUrl = "";

const clock = iso => iso ? new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) : "–";
const minutes = n => n == null ? "–" : n < 60 ? `${n} min` : `${Math.floor(n / 60)} h ${n % 60} min`;
const known = text => text && text !== "None" ? text : "";
const settle = (element, value) => { if (document.activeElement !== element || !waiting.has(element.id)) element.value = value; };

const show = {
  session: text => { $("session").textContent = SESSIONS[text] ?? SESSIONS.unknown; },
  care: text => { $("care").textContent = CARE[text] ?? CARE.unknown; },
  reason: text => { $("reason").textContent = known(text) ? `Why this sound: ${text}` : ""; },
  understood: text => { $("understood").textContent = known(text); },
  say: () => {},      // never what was typed
  choices: text => {
    $("choices").replaceChildren(...JSON.parse(text).map(choice => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = choice;
      button.addEventListener("click", () => command("choose", choice));
      return button;
    }));
  },
  muted: text => { $("muted").hidden = text !== "ON"; },
  sound: text => $("sound").setAttribute("aria-checked", String(text === "ON")),
  volume: text => { settle($("volume"), known(text) || 0); $("volume-shown").textContent = known(text) ? `${text} %` : "–"; },
  volume_cap: text => { $("volume").max = known(text) || 100; },
  timer: text => settle($("timer"), known(text)),
  programmes: text => {
    $("programme").replaceChildren(...JSON.parse(text).map(name => new Option(name, name)));
    $("programme").value = $("programme").dataset.told ?? "";
  },
  programme: text => { $("programme").dataset.told = text; settle($("programme"), text); },
  alarm: text => {
    $("alarm-shown").textContent = text === "off" ? "No alarm is set" : `Rings at ${text}`;
    if (text !== "off") $("alarm").value = text;
  },
  summary: text => {
    const night = JSON.parse(text);
    const rows = [["Lights out", clock(night.lights_out)], ["Fell asleep after", minutes(night.sol)],
      ["Slept", minutes(night.tst)], ["Awake in between", minutes(night.waso)], ["Wakings", WAKINGS[night.wakings] ?? "–"],
      ["Out of bed", clock(night.out_of_bed)]];
    $("summary").replaceChildren(...rows.flatMap(([name, value]) => {
      const term = document.createElement("dt"), detail = document.createElement("dd");
      term.textContent = name;
      detail.textContent = value;
      return [term, detail];
    }));
  },
};

function picture(bytes) {
  URL.revokeObjectURL(pictureUrl);
  $("picture").hidden = !bytes.length;
  if (bytes.length) $("picture").src = pictureUrl = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
}

function hear(topic, payload) {
  const field = topic.split("/").slice(3).join("/");
  if (topic.endsWith("/avail")) {
    $("away").hidden = payload.toString() === "online";
  } else if (field === "picture") {
    picture(payload);
  } else if (show[field]) {
    try { show[field](payload.toString()); } catch (trouble) { console.warn(field, trouble); }
    answered(field);
  }
}

function answered(kind) {
  if (!waiting.has(kind)) return;
  clearTimeout(waiting.get(kind));
  waiting.delete(kind);
  $(kind)?.removeAttribute("aria-busy");
  $("answer").textContent = "";
}

function command(kind, value) {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(12)), n => n.toString(16).padStart(2, "0")).join("");
  const body = JSON.stringify({ value, id, expires: Math.round(Date.now() / 1000) + 30, zone });
  $(kind)?.setAttribute("aria-busy", "true");
  clearTimeout(waiting.get(kind));
  const failed = text => { answered(kind); $("answer").textContent = text; };
  waiting.set(kind, setTimeout(() => failed(`No answer from the bed to “${kind}”.`), PATIENCE));
  client.publish(`nocturne/${bed}/cmd/${kind}`, body, { qos: 1 }, trouble => {
    if (trouble) failed("You may look at this bed, but not change anything.");
    else if (["stop", "say", "choose"].includes(kind)) answered(kind);
  });
}

function enter(event) {
  event.preventDefault();
  const form = new FormData($("enter"));
  bed = form.get("bed");
  $("enter-trouble").textContent = "";
  $("link").textContent = "Connecting …";
  client?.end(true);
  client = mqtt.connect(form.get("address") || address(), {
    protocolVersion: 5, clean: true, reconnectPeriod: 3000, connectTimeout: 8000,
    timerVariant: "native",     // else a worker, which our content security policy forbids
    username: form.get("username") || undefined, password: form.get("password") || undefined,
  });
  client.on("connect", () => {
    client.subscribe([`nocturne/${bed}/state/#`, `nocturne/${bed}/avail`], { qos: 1 });
    $("link").textContent = `Connected to ${bed}`;
    $("enter").hidden = true;
    if ($("bed").hidden) { $("bed").hidden = false; $("sound").focus(); }
    try { sessionStorage.setItem("bed", bed); } catch { /* private windows may refuse */ }
  });
  client.on("message", hear);
  const mine = client;
  client.on("close", () => { if (client === mine) $("link").textContent = "Connection lost, trying again …"; });
  client.on("error", trouble => {
    if ([4, 5, 134, 135].includes(trouble.code)) {
      leave();
      $("enter-trouble").textContent = "The hub doesn't know this name and password.";
    } else $("enter-trouble").textContent = "The hub can't be reached there.";
  });
}

function leave() {
  client?.end(true);
  client = null;
  for (const timer of waiting.values()) clearTimeout(timer);
  waiting.clear();
  $("bed").hidden = true;
  $("enter").hidden = false;
  $("link").textContent = "Not connected";
  $("enter").elements.bed.focus();
}

const address = () => location.protocol === "https:" ? `wss://${location.hostname}:9443` : `ws://${location.hostname}:9001`;

$("enter").elements.address.placeholder = address();
try { $("enter").elements.bed.value = sessionStorage.getItem("bed") ?? $("enter").elements.bed.value; } catch { /* as above */ }
$("enter").addEventListener("submit", enter);
$("leave").addEventListener("click", leave);
$("sound").addEventListener("click", () => command("sound", $("sound").getAttribute("aria-checked") === "true" ? "OFF" : "ON"));
$("stop").addEventListener("click", () => command("stop", ""));
$("volume").addEventListener("change", () => command("volume", Number($("volume").value)));
$("volume").addEventListener("input", () => { $("volume-shown").textContent = `${$("volume").value} % …`; });
$("programme").addEventListener("change", () => command("programme", $("programme").value));
$("timer").addEventListener("change", () => { if ($("timer").checkValidity()) command("timer", Number($("timer").value)); });
$("say-form").addEventListener("submit", event => {
  event.preventDefault();
  if ($("say").value.trim()) command("say", $("say").value.trim());
  $("say").value = "";
});
$("alarm-set").addEventListener("click", () => { if ($("alarm").value) command("alarm", $("alarm").value); });
$("alarm-off").addEventListener("click", () => command("alarm", "off"));
