// Many beds in one glance: what each says of its sleeper in a word, or that it says nothing. Nothing more is shown, and
// nothing more may be read: the broker gives a watcher these three topics of the beds of the group.
import { connect } from "./mqtt.js";

const $ = id => document.getElementById(id);
const AGAIN = 3000;         // ms between attempts to reach the broker
const NOT_KNOWN = [0x84, 0x85, 0x86, 0x87, 0x8a];
const STATES = {            // most urgent first
  needs_checking: "Needs checking", silent: "Silent", restless: "Restless", unknown: "Unknown", settled: "Settled",
};
const ORDER = Object.keys(STATES);

let link = null, on = false, login = {}, lostAt = null, retry = 0, drawing = false;
const beds = new Map();     // id → { avail, care, name }
const items = new Map();    // id → its <li>
const shown = new Set(ORDER);
const names = new Intl.Collator(undefined, { numeric: true });

// What a bed is to whoever looks: nothing is settled that isn't connected now.
function stateOf({ avail, care }) {
  if (!on) return "unknown";
  if (avail !== "online") return "silent";
  return ORDER.includes(care) ? care : "unknown";
}

function soon() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; draw(); });
}

const write = (id, text) => { if ($(id).textContent !== text) $(id).textContent = text; };

function draw() {
  const counts = Object.fromEntries(ORDER.map(state => [state, 0])), rows = [];
  for (const [id, bed] of beds) {
    if (bed.avail === undefined) continue;
    const state = stateOf(bed);
    counts[state] += 1;
    rows.push([ORDER.indexOf(state), bed.name || id, id, state]);
  }
  rows.sort((a, b) => a[0] - b[0] || names.compare(a[1], b[1]));
  const here = new Set(rows.map(row => row[2]));
  for (const [id, item] of items) if (!here.has(id)) { item.remove(); items.delete(id); }
  rows.forEach(([, name, id, state], at) => {
    const item = items.get(id) ?? made(id);
    if (item.dataset.state !== state) item.dataset.state = state;
    if (item.firstChild.textContent !== name) item.firstChild.textContent = name;
    if (item.lastChild.textContent !== STATES[state]) item.lastChild.textContent = STATES[state];
    item.hidden = !shown.has(state);
    if ($("beds").children[at] !== item) $("beds").insertBefore(item, $("beds").children[at] ?? null);
  });
  write("link", on ? "Connected to the hub" : link ? "Connecting …" : "Not connected");
  write("old", link && !on && lostAt ? `No connection to the hub since ${lostAt.toLocaleTimeString()}: how the beds are isn't known.` : "");
  write("counts", ORDER.map(state => `${STATES[state]}: ${counts[state]}`).join(", "));
  write("none", rows.length ? rows.some(row => shown.has(row[3])) ? "" : "Every bed is filtered out." : on ? "No bed has been seen that you may look at." : "");
}

function made(id) {
  const item = document.createElement("li");
  item.append(document.createElement("b"), document.createElement("span"));
  items.set(id, item);
  return item;
}

function hear(topic, bytes) {
  const [, id, plane, field] = topic.split("/"), text = new TextDecoder().decode(bytes);
  if (plane === "avail" && !bytes.length) beds.delete(id);
  else if (plane === "avail") beds.set(id, { ...beds.get(id), avail: text });
  else if (field === "care") beds.set(id, { ...beds.get(id), care: text });
  else if (field === "name") beds.set(id, { ...beds.get(id), name: text === "None" ? "" : text });
  soon();
}

const address = () => location.protocol === "https:" ? `wss://${location.hostname}:9443` : `ws://${location.hostname}:9001`;

function open() {
  clearTimeout(retry);
  const mine = link = connect(login.address || address(), login, {
    open() {
      if (mine !== link) return;
      on = true;
      beds.clear();
      link.subscribe(["nocturne/+/avail", "nocturne/+/state/care", "nocturne/+/state/name"]);
      $("enter").hidden = true;
      $("ward").hidden = false;
      soon();
    },
    message(topic, bytes) { if (mine === link) hear(topic, bytes); },
    closed(reason) {
      if (mine !== link) return;
      if (NOT_KNOWN.includes(reason)) return leave("The hub doesn't know this name and password.");
      if (!$("enter").hidden) return leave("The hub can't be reached there.");
      if (on) lostAt = new Date();
      on = false;
      retry = setTimeout(open, AGAIN);
      soon();
    },
  });
  soon();
}

function leave(why) {
  [link, on, lostAt] = [null, false, null];
  $("enter").hidden = false;
  $("ward").hidden = true;
  write("enter-trouble", why);
  soon();
}

for (const state of ORDER) {
  const label = document.createElement("label"), box = document.createElement("input");
  box.type = "checkbox";
  box.name = state;
  box.checked = true;
  box.addEventListener("change", () => { box.checked ? shown.add(state) : shown.delete(state); soon(); });
  label.append(box, STATES[state]);
  $("filter").append(label);
}
$("enter").addEventListener("submit", event => {
  event.preventDefault();
  write("enter-trouble", "");
  login = Object.fromEntries(new FormData($("enter")));
  $("enter").elements.password.value = "";
  open();
});
draw();
