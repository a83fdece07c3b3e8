// Beds, as they themselves say they are. Nothing is shown as now that the bed didn't say now; nothing counts as done
// before the bed answered that very command.
import { connect } from "./mqtt.js";

const $ = id => document.getElementById(id);
const PATIENCE = 2000;      // ms until an unanswered command is called that, and an unseen bed unseen
const SILENCE = 12000;      // ms without a sign of life (they come every five seconds) after which a bed counts as silent
const AGAIN = 3000;         // ms between attempts to reach the broker
const SKEW = 60;            // s that the bed's clock may differ before it is said
const DENIED = 0x87, NOT_KNOWN = [0x84, 0x85, 0x86, 0x87, 0x8a];
const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;     // for a device that nobody told it

// ---- language: the English is the key -------------------------------------------------------------------------------

let catalogue = {};
const t = (english, fills = {}) =>
  Object.entries(fills).reduce((text, [key, value]) => text.replace(`{${key}}`, value), catalogue[english] ?? english);
const SESSIONS = { idle: "Idle", winding_down: "Winding down", sleeping: "Sleeping", awake: "Awake", waking: "Waking" };
const CARE = { settled: "Settled", restless: "Restless", needs_checking: "Needs checking" };
const WAKINGS = { none: "none", one_or_two: "one or two", three_or_more: "three or more" };

async function speak(code) {
  catalogue = code === "en" ? {} : await fetch(`words/${code}.json`).then(answer => answer.json()).catch(() => ({}));
  document.documentElement.lang = code;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    node.english ??= node.data;
    const trimmed = node.english.trim();
    if (trimmed) node.data = node.english.replace(trimmed, t(trimmed));
  }
  for (const element of document.querySelectorAll("[aria-label], [placeholder], [alt]")) {
    for (const name of ["aria-label", "placeholder", "alt"]) {
      const english = element[`english ${name}`] ??= element.getAttribute(name);
      if (english) element.setAttribute(name, t(english));
    }
  }
  draw();
}

// ---- what is known --------------------------------------------------------------------------------------------------

let link = null, state = "out";     // out, connecting, on, lost
let login = {}, retry = 0, arrived = 0;
let bed = "";                       // the one that is shown
let beds = new Map();               // bed → { avail, name }
let told = new Map();               // field → text, of the shown bed alone
let sign = 0, signAt = null, skew = null;       // its last sign of life: performance.now(), Date; s
let waiting = new Map();            // id → a command on its way, or one that nobody answered
let pictureUrl = "";

const json = (field, otherwise) => { try { return JSON.parse(told.get(field) ?? ""); } catch { return otherwise; } };
const known = field => { const text = told.get(field); return text && text !== "None" ? text : ""; };
const clock = when => when.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
const day = when => when.toLocaleDateString(document.documentElement.lang, { weekday: "short", day: "numeric", month: "short" });
const moment = when => Date.now() - when > 20 * 3600e3 || when - Date.now() > 20 * 3600e3 ? `${day(when)}, ${clock(when)}` : clock(when);
const minutes = n => n == null ? "–" : n < 60 ? t("{n} min", { n }) : t("{h} h {m} min", { h: Math.floor(n / 60), m: n % 60 });
const called = id => {
  const name = beds.get(id)?.name;
  const twin = [...beds].some(([other, each]) => other !== id && each.name === name);
  return name ? twin ? `${name} (${id})` : name : id;
};

function life() {
  if (state === "lost") return "lost";
  const avail = beds.get(bed)?.avail;
  if (avail === undefined) return "unseen";
  if (avail !== "online") return "away";
  if (!sign) return performance.now() - arrived < SILENCE ? "expected" : "silent";
  return performance.now() - sign < SILENCE ? "live" : "silent";
}

function since() {
  const at = json("diagnostics", {}).at, then = signAt ?? (at ? new Date(1000 * at) : null);
  return then ? t("What is shown below is from before {when}.", { when: moment(then) })
    : t("How old what is shown below is, isn't known.");
}

// ---- drawing --------------------------------------------------------------------------------------------------------

const write = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };

function draw() {
  document.body.dataset.view = state === "out" ? "enter" : bed ? "bed" : "beds";
  $("enter").hidden = state !== "out";
  $("leave").hidden = state === "out";
  $("beds").hidden = state === "out" || state === "connecting" || (beds.has(bed) && beds.size < 2);
  $("bed").hidden = !bed || !beds.has(bed);
  write("link", { out: t("Not connected"), connecting: t("Connecting …"), on: t("Connected to the hub"),
    lost: t("No connection to the hub") }[state]);
  drawBeds();
  if (!$("bed").hidden) drawBed();
}

function drawBeds() {
  const ids = [...beds.keys()].sort();
  const buttons = [...$("bed-list").children];
  if (buttons.map(each => each.dataset.bed).join() !== ids.join()) {
    $("bed-list").replaceChildren(...ids.map(id => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.bed = id;
      button.addEventListener("click", () => choose(id));
      return button;
    }));
  }
  for (const button of $("bed-list").children) {
    const id = button.dataset.bed, away = state !== "on" || beds.get(id).avail !== "online";
    const text = away ? t("{bed}: away", { bed: called(id) }) : called(id);
    if (button.textContent !== text) button.textContent = text;
    button.setAttribute("aria-pressed", String(id === bed));
  }
  const late = state === "on" && performance.now() - arrived > PATIENCE;
  const lacking = late && bed && !beds.has(bed);
  write("beds-trouble", lacking ? t("There is no bed called {bed} that you may look at.", { bed })
    : late && !beds.size ? t("There is no bed that you may look at: one is paired by nocturne hub --pair, and shown to you by --viewer or --caregiver.") : "");
}

function drawBed() {
  const now = life(), session = t(SESSIONS[told.get("session")] ?? "Not known");
  const heads = {
    live: session, expected: t("Waiting for a sign of life …"), silent: t("The bed is silent"), away: t("The bed is away"),
    lost: t("No connection to the hub"), unseen: t("Waiting for a sign of life …"),
  };
  $("bed").dataset.life = now;
  write("headline", heads[now]);
  write("age", now === "live" ? "" : `${since()} ${t("Last known: {session}.", { session })}`);
  write("bed-name", t("Tonight: {bed}", { bed: called(bed) }));
  write("care", CARE[told.get("care")] ? t(CARE[told.get("care")]) : t("No judgement"));
  write("occupancy", { ON: t("In bed"), OFF: t("Nobody in bed") }[told.get("occupancy")] ?? "");
  write("reason", known("reason") && t("Why this sound: {reason}", { reason: known("reason") }));
  write("message", known("message") && t("Message: {text}", { text: known("message") }));
  $("muted").hidden = told.get("muted") !== "ON";
  drawProblems(now);
  drawControls();
  drawAlarms();
  drawNight();
  drawDevice();
}

function drawProblems(now) {
  const wrong = known("error") ? known("error").split("; ") : [];
  if (told.get("problem") === "ON" && !wrong.length) wrong.push(t("The device makes no sound: its sound process is away."));
  if (skew !== null && Math.abs(skew) > SKEW && now === "live") {
    wrong.push(t("Its clock and this one differ by {n} min: what is asked may be refused, but for stop and off.", { n: Math.round(Math.abs(skew) / 60) }));
  }
  $("problems").hidden = !wrong.length;
  if ([...$("problem-list").children].map(item => item.textContent).join() !== wrong.join()) {
    $("problem-list").replaceChildren(...wrong.map(text => Object.assign(document.createElement("li"), { textContent: text })));
  }
}

const editing = new Set();          // what somebody is just typing or dragging
document.addEventListener("input", event => editing.add(event.target.id));
document.addEventListener("focusout", event => editing.delete(event.target.id));

const onItsWay = kind => [...waiting.values()].some(each => each.kind === kind && !each.late);
function settle(id, value) {
  const element = $(id);
  element.toggleAttribute("aria-busy", onItsWay(element.dataset.kind));
  if (!editing.has(id) && !onItsWay(element.dataset.kind)) element.value = value;
}
function shown(id, text) { write(id, known(text) ? `${known(text)} %` : "–"); }

function drawControls() {
  for (const id of ["sound", "privacy", "sharing"]) {
    $(id).setAttribute("aria-checked", String(told.get(id) === "ON"));
    $(id).toggleAttribute("aria-busy", onItsWay(id));
  }
  $("volume").max = known("volume_cap") || 100;
  for (const [id, label] of [["volume", "volume-shown"], ["volume_cap", "cap-shown"], ["light", "light-shown"]]) {
    settle(id, known(id) || 0);
    shown(label, id);
  }
  const names = json("programmes", []);
  if ([...$("programme").options].map(option => option.text).join() !== names.map(name => t(name)).join()) {
    $("programme").replaceChildren(...names.map(name => new Option(t(name), name)));
  }
  settle("programme", told.get("programme") ?? "");
  settle("timer", known("timer"));
  write("understood", known("understood"));
  const choices = json("choices", []);
  if ([...$("choices").children].map(each => each.textContent).join() !== choices.join()) {
    $("choices").replaceChildren(...choices.map(choice => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: choice });
      button.addEventListener("click", () => command("choose", choice, button));
      return button;
    }));
  }
}

function drawAlarms() {
  const alarm = told.get("alarm");
  write("alarm-shown", !alarm ? "–" : alarm === "off" ? t("No alarm is set for every day") : t("Every day at {time}", { time: alarm }));
  settle("alarm", alarm && alarm !== "off" ? alarm : $("alarm").value);
  const next = known("next_alarm");
  write("next-alarm", next ? t("It rings next: {when}", { when: `${day(new Date(next))}, ${clock(new Date(next))}` }) : t("It will not ring."));
  for (const name of DAYS) settle(`alarm_${name.toLowerCase()}`, told.get(`alarm_${name.toLowerCase()}`) ?? "");
}

function list(id, rows) {
  const text = rows.flat().join("|");
  if ($(id).dataset.text === text) return;
  $(id).dataset.text = text;
  $(id).replaceChildren(...rows.flatMap(([name, value]) => [
    Object.assign(document.createElement("dt"), { textContent: name }),
    Object.assign(document.createElement("dd"), { textContent: value }),
  ]));
}

function drawNight() {
  const night = json("summary", {}), at = iso => iso ? clock(new Date(iso)) : "–";
  list("summary", [[t("Lights out"), night.lights_out ? `${day(new Date(night.lights_out))}, ${at(night.lights_out)}` : "–"],
    [t("Fell asleep after"), minutes(night.sol)], [t("Slept"), minutes(night.tst)], [t("Awake in between"), minutes(night.waso)],
    [t("Wakings"), WAKINGS[night.wakings] ? t(WAKINGS[night.wakings]) : "–"], [t("Out of bed"), at(night.out_of_bed)]]);
  const drawn = known("pictured"), date = drawn ? day(new Date(drawn)) : "";
  $("enlarge").hidden = !pictureUrl || !drawn;
  write("pictured", date && t("The night of {date}: enlarge", { date }));
  write("large-title", date && t("The night of {date}", { date }));
  const nights = json("nights", []), longest = Math.max(1, ...nights.map(each => (each.tst ?? 0) + (each.waso ?? 0) + (each.sol ?? 0)));
  $("nights-title").hidden = !nights.length;
  const text = JSON.stringify(nights) + document.documentElement.lang;
  if ($("nights").dataset.text === text) return;
  $("nights").dataset.text = text;
  $("nights").replaceChildren(...nights.slice(-14).map(each => bar(each, longest)));
}

function bar(night, longest) {
  const item = document.createElement("li"), date = night.began ? day(new Date(night.began)) : "–";
  const words = night.tst == null ? t("{date}: not known", { date })
    : t("{date}: slept {tst}, awake in between {waso}, asleep after {sol}", { date, tst: minutes(night.tst), waso: minutes(night.waso), sol: minutes(night.sol) });
  item.append(Object.assign(document.createElement("span"), { className: "hidden", textContent: words }));
  const shape = document.createElement("span");
  shape.className = "bar";
  shape.setAttribute("aria-hidden", "true");
  for (const part of ["sol", "waso", "tst"]) {
    const piece = document.createElement("i");
    piece.className = part;
    piece.style.height = `${100 * (night[part] ?? 0) / longest}%`;
    shape.append(piece);
  }
  const short = night.began ? new Date(night.began).toLocaleDateString(document.documentElement.lang, { weekday: "narrow" }) : "–";
  item.append(shape, Object.assign(document.createElement("b"), { textContent: short }));
  item.lastChild.setAttribute("aria-hidden", "true");
  item.title = words;
  return item;
}

function drawDevice() {
  for (const id of ["quiet_from", "quiet_to"]) settle(id, told.get(id) === "off" ? "" : told.get(id) ?? "");
  const firmware = json("firmware", {}), newer = firmware.latest_version && firmware.latest_version !== firmware.installed_version;
  write("firmware-shown", firmware.installed_version ? newer
    ? t("Firmware {installed}; {latest} waits to be installed", { installed: firmware.installed_version, latest: firmware.latest_version })
    : t("Firmware {installed}, the newest it knows of", { installed: firmware.installed_version }) : "");
  $("firmware").hidden = !newer;
  write("learning", known("learning"));
  const d = json("diagnostics", {}), unit = (n, text) => n == null ? "–" : `${Math.round(n)} ${text}`;
  list("diagnostics", [[t("Sensor quality"), d.quality == null ? "–" : unit(100 * d.quality, "%")], [t("Wi-Fi signal"), unit(d.rssi, "dBm")],
    [t("Board temperature"), unit(d.temperature, "°C")], [t("Messages waiting"), d.outbox ?? "–"]]);
}

// ---- hearing --------------------------------------------------------------------------------------------------------

function hear(topic, bytes, retained) {
  const [, id, plane, field] = topic.split("/"), text = () => new TextDecoder().decode(bytes);
  if (id === "hub") return;
  if (plane === "avail") {
    if (bytes.length) beds.set(id, { ...beds.get(id), avail: text() });
    else beds.delete(id);
    if (!bed && beds.size === 1 && performance.now() - arrived > 300) choose(id);
  } else if (plane === "state" && field === "name") {
    beds.set(id, { avail: undefined, ...beds.get(id), name: text() === "None" ? "" : text() });
  } else if (id !== bed || plane !== "state") {
    return;
  } else if (field === "picture") {
    picture(bytes);
  } else if (field === "heard") {
    heard(JSON.parse(text()));
  } else if (field === "alive") {
    skew = Number(text()) - Date.now() / 1000;
  } else {
    told.set(field, text());
  }
  if (id === bed && !retained && !(plane === "avail" && text() !== "online")) [sign, signAt] = [performance.now(), new Date()];
  draw();
}

function picture(bytes) {
  URL.revokeObjectURL(pictureUrl);
  pictureUrl = bytes.length ? URL.createObjectURL(new Blob([bytes], { type: "image/png" })) : "";
  for (const id of ["picture", "large-picture"]) if (pictureUrl) $(id).src = pictureUrl;
}

// ---- asking ---------------------------------------------------------------------------------------------------------

function command(kind, value, near) {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(12)), n => n.toString(16).padStart(2, "0")).join("");
  const place = near.closest("section").querySelector(".outcome"), again = () => command(kind, value, near);
  for (const [old, each] of waiting) if (each.place === place) { clearTimeout(each.timer); if (each.late) waiting.delete(old); }
  place.replaceChildren();
  editing.delete(near.id);
  const mine = { kind, place, again, late: false, timer: setTimeout(() => {
    mine.late = true;
    outcome(mine, t("No answer from the bed within 2 s: whether it was done isn't known."), true);
    draw();
  }, PATIENCE) };
  waiting.set(id, mine);
  const body = JSON.stringify({ value, id, expires: Math.round(Date.now() / 1000) + 30, zone });
  const sent = state === "on" && link ? link.publish(`nocturne/${bed}/cmd/${kind}`, body) : Promise.reject(new Error("off"));
  sent.then(reason => {
    if (reason === DENIED) over(id, t("You may look at this bed, but not change anything."), false);
    else if (reason >= 0x80) over(id, t("The hub refused it ({reason}).", { reason }), true);
  }, () => over(id, t("Not sent: there is no connection to the hub."), true));
  draw();
}

function over(id, text, mayTry) {
  const mine = waiting.get(id);
  if (!mine) return;
  clearTimeout(mine.timer);
  waiting.delete(id);
  outcome(mine, text, mayTry);
  draw();
}

function outcome(mine, text, mayTry, done = false) {
  const line = Object.assign(document.createElement("p"), { textContent: text, className: done ? "done" : "failed" });
  mine.place.replaceChildren(line);
  if (!mayTry) return;
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: t("Try again") });
  button.addEventListener("click", mine.again);
  mine.place.append(button);
}

// The bed's own word about one command.
function heard({ id, why }) {
  const mine = waiting.get(id);
  if (!mine) return;
  clearTimeout(mine.timer);
  waiting.delete(id);
  if (why) outcome(mine, t("The bed refused: {why}", { why }), false);
  else outcome(mine, t("Done."), false, true);
}

// ---- coming and going -----------------------------------------------------------------------------------------------

const address = () => location.protocol === "https:" ? `wss://${location.hostname}:9443` : `ws://${location.hostname}:9001`;

function forget() {
  told = new Map();
  [sign, signAt, skew] = [0, null, null];
  for (const each of waiting.values()) clearTimeout(each.timer);
  waiting = new Map();
  picture(new Uint8Array());
  document.querySelectorAll(".outcome").forEach(place => place.replaceChildren());
  for (const id of ["volume", "volume_cap", "light", "timer", "alarm", "say"]) $(id).value = "";
}

function choose(id) {
  if (id !== bed) {
    bed = id;
    forget();
    arrived = performance.now();
    link?.subscribe([`nocturne/${bed}/state/#`]);
    history.replaceState(null, "", `#${encodeURIComponent(bed)}`);
  }
  draw();
  if (!$("bed").hidden) $("sound").focus();
}

function open() {
  clearTimeout(retry);
  state = state === "lost" ? "lost" : "connecting";
  const mine = link = connect(login.address || address(), login, {
    open() {
      if (mine !== link) return;
      const first = state !== "lost";
      [state, arrived, sign] = ["on", performance.now(), 0];
      beds = new Map([...beds].map(([id, each]) => [id, { ...each, avail: undefined }]));
      link.subscribe(["nocturne/+/avail", "nocturne/+/state/name", ...(bed ? [`nocturne/${bed}/state/#`] : [])]);
      setTimeout(() => {
        for (const [id, each] of beds) if (each.avail === undefined) beds.delete(id);
        if (!bed && beds.size === 1) choose([...beds.keys()][0]);
        draw();
      }, 400);
      if (first) remember();
      draw();
    },
    message(...words) { if (mine === link) try { hear(...words); } catch (trouble) { console.warn(words[0], trouble); } },
    closed(reason) {
      if (mine !== link) return;
      if (NOT_KNOWN.includes(reason)) { leave(); return complain(t("The hub doesn't know this name and password.")); }
      if (state === "connecting") { leave(false); return complain(t("The hub can't be reached there.")); }
      state = "lost";
      retry = setTimeout(open, AGAIN);
      draw();
    },
  });
  draw();
}

const complain = text => write("enter-trouble", text);

// A name and a password are the hub's to keep, behind a token that no script can read.
const remember = () => fetch("session", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(login) }).catch(() => {});

function leave(forgetting = true) {
  const gone = link;
  link = null;
  gone?.end();
  clearTimeout(retry);
  if (forgetting) fetch("session", { method: "DELETE", keepalive: true }).catch(() => {});
  forget();
  [state, bed, beds, login] = ["out", "", new Map(), {}];
  draw();
  $("enter").elements.username.focus();
}

function enter(event) {
  event.preventDefault();
  complain("");
  login = Object.fromEntries(new FormData($("enter")));
  $("enter").elements.password.value = "";
  bed = decodeURIComponent(location.hash.slice(1));
  open();
}

const press = (id, kind, value = () => "") => $(id).addEventListener("click", () => command(kind, value(), $(id)));
const change = (id, value = element => element.value) => $(id).addEventListener("change", () => {
  if ($(id).checkValidity() && $(id).value !== "") command($(id).dataset.kind, value($(id)), $(id));
});

$("enter").elements.address.placeholder = address();
$("enter").addEventListener("submit", enter);
$("leave").addEventListener("click", () => leave());
for (const id of ["sound", "privacy", "sharing"]) {
  press(id, id, () => $(id).getAttribute("aria-checked") === "true" ? "OFF" : "ON");
}
press("stop", "stop");
press("identify", "identify");
press("firmware", "firmware", () => "install");
press("alarm-off", "alarm", () => "off");
for (const id of ["volume", "volume_cap", "light", "timer"]) change(id, element => Number(element.value));
for (const [id, label] of [["volume", "volume-shown"], ["volume_cap", "cap-shown"], ["light", "light-shown"]]) {
  $(id).addEventListener("input", () => write(label, `${$(id).value} % …`));
}
for (const id of ["programme", "quiet_from", "quiet_to"]) change(id);
$("quiet-off").addEventListener("click", () => { command("quiet_from", "off", $("quiet-off")); command("quiet_to", "off", $("quiet-off")); });
$("alarm-set").addEventListener("click", () => { if ($("alarm").value) command("alarm", $("alarm").value, $("alarm")); });
$("say-form").addEventListener("submit", event => {
  event.preventDefault();
  if ($("say").value.trim()) command("say", $("say").value.trim(), $("say"));
  $("say").value = "";
});
for (const name of DAYS) {
  const label = document.createElement("label"), id = `alarm_${name.toLowerCase()}`;
  label.append(name, Object.assign(document.createElement("input"), { id, maxLength: 5, pattern: "([01]\\d|2[0-3]):[0-5]\\d|off|daily" }));
  label.lastChild.dataset.kind = id;
  $("week").append(label);
  change(id);
}
$("enlarge").addEventListener("click", () => $("large").showModal());
setInterval(draw, 500);

fetch("words/languages.json").then(answer => answer.json()).catch(() => ({ en: "English" })).then(names => {
  $("language").replaceChildren(...Object.entries(names).map(([code, name]) => new Option(name, code)));
  let mine = navigator.language.slice(0, 2);
  try { mine = localStorage.getItem("language") ?? mine; } catch { /* private windows may refuse */ }
  $("language").value = mine in names ? mine : "en";
  return speak($("language").value);
});
$("language").addEventListener("change", () => {
  try { localStorage.setItem("language", $("language").value); } catch { /* as above */ }
  speak($("language").value);
});
fetch("session").then(answer => answer.ok ? answer.json() : null).catch(() => null).then(kept => {
  if (!kept || state !== "out") return;
  login = kept;
  bed = decodeURIComponent(location.hash.slice(1));
  open();
});
