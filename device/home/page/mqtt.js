// MQTT 5 over a WebSocket (OASIS MQTT 5.0), as much of it as the page needs: one connection, QoS 0 and 1.
const CONNACK = 2, PUBLISH = 3, PUBACK = 4, SUBACK = 9, DISCONNECT = 14;
const KEEPALIVE = 20;       // s
const text = new TextEncoder(), words = new TextDecoder();

const uint16 = n => [n >> 8, n & 255];
function varint(n) {
  const bytes = [];
  do { bytes.push(n & 127 | (n > 127 ? 128 : 0)); n >>= 7; } while (n);
  return bytes;
}
function string(value) {
  const bytes = text.encode(value);
  return [...uint16(bytes.length), ...bytes];
}
const packet = (first, body) => new Uint8Array([first, ...varint(body.length), ...body]);

// A variable length integer at `at`: its value and where it ends, or nothing while bytes are missing.
function number(bytes, at) {
  let value = 0;
  for (let shift = 0; shift < 28 && at < bytes.length; shift += 7) {
    value |= (bytes[at] & 127) << shift;
    if (bytes[at++] < 128) return [value, at];
  }
}

// `on` hears open(), message(topic, bytes, retained) and, once, closed(reason): the broker's reason code, or 0.
// publish() answers a promise of the broker's reason code; it is rejected when the connection ends before that.
export function connect(url, { username, password }, on) {
  const socket = new WebSocket(url, "mqtt"), waiting = new Map();
  let rest = new Uint8Array(), next = 1, reason = 0, heard = performance.now(), beat = 0, over = false;
  socket.binaryType = "arraybuffer";

  socket.onopen = () => {
    const flags = 2 | (username ? 128 : 0) | (password ? 64 : 0);
    const body = [...string("MQTT"), 5, flags, ...uint16(KEEPALIVE), 0, ...string(""),
      ...(username ? string(username) : []), ...(password ? string(password) : [])];
    socket.send(packet(0x10, body));
    beat = setInterval(() => {
      if (performance.now() - heard > 1500 * KEEPALIVE) end();
      else if (socket.readyState === WebSocket.OPEN) socket.send(packet(0xc0, []));
    }, 500 * KEEPALIVE);
  };
  socket.onclose = () => end();
  socket.onmessage = ({ data }) => {
    heard = performance.now();
    const bytes = new Uint8Array(rest.length + data.byteLength);
    bytes.set(rest);
    bytes.set(new Uint8Array(data), rest.length);
    rest = bytes;
    for (;;) {
      const length = rest.length > 1 ? number(rest, 1) : undefined;
      if (!length || rest.length < length[0] + length[1]) return;
      const [size, start] = length, body = rest.subarray(start, start + size), first = rest[0];
      rest = rest.slice(start + size);
      take(first, body);
    }
  };

  function take(first, body) {
    const kind = first >> 4, id = body[0] << 8 | body[1];
    if (kind === CONNACK) {
      reason = body[1];
      reason ? end() : on.open();
    } else if (kind === PUBLISH) {
      const qos = first >> 1 & 3, named = 2 + id;
      const [properties, at] = number(body, named + (qos ? 2 : 0));
      if (qos) socket.send(packet(0x40, [...body.subarray(named, named + 2)]));
      on.message(words.decode(body.subarray(2, named)), body.subarray(at + properties), Boolean(first & 1));
    } else if (kind === PUBACK) {
      waiting.get(id)?.resolve(body[2] ?? 0);
      waiting.delete(id);
    } else if (kind === SUBACK) {
      waiting.delete(id);
    } else if (kind === DISCONNECT) {
      reason = body[0] ?? 0;
      end();
    }
  }

  function send(first, body) {
    const id = next;
    next = next % 65535 + 1;
    return new Promise((resolve, reject) => {
      if (over || socket.readyState !== WebSocket.OPEN) return reject(new Error("no connection"));
      waiting.set(id, { resolve, reject });
      socket.send(packet(first, body(uint16(id))));
    });
  }

  function end() {
    if (over) return;
    over = true;
    clearInterval(beat);
    for (const { reject } of waiting.values()) reject(new Error("no connection"));
    waiting.clear();
    socket.close();
    on.closed(reason);
  }

  return {
    subscribe: topics => send(0x82, id => [...id, 0, ...topics.flatMap(topic => [...string(topic), 1])]).catch(() => {}),
    publish: (topic, payload) => send(0x32, id => [...string(topic), ...id, 0, ...text.encode(payload)]),
    end,
  };
}
