// A picture of 8 by 8 pixels to draw on. The server holds the truth: what is drawn is sent there, numbered, and
// comes back as `data`; an answer to an older message than the last one is not drawn over newer strokes.

const SIDE = 8;
const FINE = 4; // a pixel counts the inked ones among FINE x FINE finer pixels, as those of the data do
const FULL = FINE * FINE;
const WIDE = SIDE * FINE;
const RADIUS = 2.6; // of the pen, in finer pixels
const SEND_EVERY = 200; // milliseconds between two messages of one stroke
const NARROW = "(max-width: 768px)"; // the text above the pad may rewrap there, so a message waits for the stroke's end
const TYPING = 1200; // milliseconds within which 1 and 2 are 12
const pads = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const pad = pads.get(parentElement) ?? build(parentElement);
  pads.set(parentElement, pad);
  pad.tell = (message) => setTriggerValue("drawn", message);
  pad.take(data);
  return () => {
    pad.stop();
    pads.delete(parentElement);
  };
}

function build(root) {
  const grid = root.querySelector(".grid");
  const readout = root.querySelector(".readout");
  const cells = addCells(grid);
  let values = new Array(SIDE * SIDE).fill(0);
  let revision = null; // of the server's picture: it changes when something else than this pad changed it
  let sent = 0; // number of the last message
  let told = "";
  let timer = 0;
  let here = 0; // the pixel of the keyboard
  let erasing = false;
  let stroke = null;
  let typed = { text: "", at: 0 };
  const pad = { tell: () => {}, take, stop: () => clearTimeout(timer) };

  function take(data) {
    const other = data.revision !== revision;
    if (!other && (stroke || timer || data.seq !== sent)) return;
    if (other) {
      stroke = null;
      pad.stop();
      timer = 0;
    }
    revision = data.revision;
    sent = data.seq;
    values = Array.from(data.pixels);
    told = values.join();
    show();
  }

  function show() {
    values.forEach((value, i) => {
      const share = (100 * value) / FULL;
      cells[i].style.background = `color-mix(in srgb, var(--st-text-color) ${share}%, var(--st-background-color))`;
      cells[i].setAttribute("aria-label", words(i));
    });
  }

  function words(i) {
    return `Row ${Math.floor(i / SIDE) + 1}, column ${(i % SIDE) + 1}: ${+values[i].toFixed(2)} of ${FULL}`;
  }

  function point(i) {
    cells[here].classList.remove("here");
    here = i;
    cells[here].classList.add("here");
    grid.setAttribute("aria-activedescendant", cells[here].id);
    readout.textContent = words(here);
  }

  function send() {
    pad.stop();
    timer = 0;
    if (values.join() === told) return;
    told = values.join();
    sent += 1;
    pad.tell({ seq: sent, revision, pixels: values });
  }

  function soon() {
    if (!timer && !matchMedia(NARROW).matches) timer = setTimeout(send, SEND_EVERY);
  }

  function set(i, value) {
    values[i] = Math.min(FULL, Math.max(0, value));
    show();
    point(i);
    send();
  }

  function place(event) {
    const box = stroke.box;
    return { x: ((event.clientX - box.left) / box.width) * WIDE, y: ((event.clientY - box.top) / box.height) * WIDE };
  }

  function stamp({ x, y }) {
    for (let r = Math.max(0, Math.floor(y - RADIUS)); r < Math.min(WIDE, y + RADIUS); r++) {
      for (let c = Math.max(0, Math.floor(x - RADIUS)); c < Math.min(WIDE, x + RADIUS); c++) {
        if ((c + 0.5 - x) ** 2 + (r + 0.5 - y) ** 2 <= RADIUS ** 2) stroke.inked[r * WIDE + c] = 1;
      }
    }
  }

  function line(to) {
    const from = stroke.last ?? to;
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y)));
    for (let k = 1; k <= steps; k++) {
      stamp({ x: from.x + ((to.x - from.x) * k) / steps, y: from.y + ((to.y - from.y) * k) / steps });
    }
    stroke.last = to;
  }

  function ink() {
    const count = new Array(SIDE * SIDE).fill(0);
    stroke.inked.forEach((inked, k) => {
      count[Math.floor(k / WIDE / FINE) * SIDE + Math.floor((k % WIDE) / FINE)] += inked;
    });
    values = stroke.base.map((old, i) => (stroke.erasing ? Math.min(old, FULL - count[i]) : Math.max(old, count[i])));
    show();
  }

  grid.onpointerdown = (event) => {
    if (stroke || event.button > 0 && event.button !== 5) return;
    grid.setPointerCapture(event.pointerId);
    // Button 5 is the far end of a pen.
    stroke = {
      id: event.pointerId, base: values, last: null, erasing: erasing || event.button === 5,
      box: grid.getBoundingClientRect(), inked: new Uint8Array(WIDE * WIDE),
    };
    line(place(event));
    ink();
    soon();
  };

  grid.onpointermove = (event) => {
    if (stroke?.id !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    (events.length ? events : [event]).forEach((one) => line(place(one)));
    ink();
    soon();
  };

  grid.onpointerup = grid.onpointercancel = (event) => {
    if (stroke?.id !== event.pointerId) return;
    stroke = null;
    send();
  };

  grid.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = Math.floor(here / SIDE);
    const column = here % SIDE;
    const moves = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1], Home: [row, 0], End: [row, SIDE - 1],
      PageUp: [0, column], PageDown: [SIDE - 1, column],
    };
    const move = moves[event.key];
    if (move) {
      typed.text = "";
      point(Math.min(SIDE - 1, Math.max(0, move[0])) * SIDE + Math.min(SIDE - 1, Math.max(0, move[1])));
    } else if (event.key === " " || event.key === "Enter") {
      set(here, erasing || values[here] === FULL ? 0 : FULL);
    } else if (event.key === "Backspace" || event.key === "Delete") {
      set(here, 0);
    } else if (event.key === "+" || event.key === "-") {
      set(here, values[here] + (event.key === "+" ? 1 : -1));
    } else if (/^[0-9]$/.test(event.key)) {
      const longer = event.timeStamp - typed.at < TYPING ? typed.text + event.key : event.key;
      typed = { text: Number(longer) <= FULL ? longer : event.key, at: event.timeStamp };
      set(here, Number(typed.text));
    } else {
      return;
    }
    event.preventDefault();
  };

  const tools = { pen: root.querySelector(".pen"), eraser: root.querySelector(".eraser") };
  const choose = (wish) => {
    erasing = wish;
    tools.pen.setAttribute("aria-pressed", String(!erasing));
    tools.eraser.setAttribute("aria-pressed", String(erasing));
  };
  tools.pen.onclick = () => choose(false);
  tools.eraser.onclick = () => choose(true);
  root.querySelector(".clear").onclick = () => {
    values = values.map(() => 0);
    choose(false);
    show();
    send();
  };
  grid.onfocus = () => point(here);
  return pad;
}

function addCells(grid) {
  const cells = [];
  for (let r = 0; r < SIDE; r++) {
    const row = grid.appendChild(document.createElement("div"));
    row.className = "row";
    row.setAttribute("role", "row");
    for (let c = 0; c < SIDE; c++) {
      const cell = row.appendChild(document.createElement("div"));
      cell.className = "cell";
      cell.id = `pixel-${r}-${c}`;
      cell.setAttribute("role", "gridcell");
      cells.push(cell);
    }
  }
  return cells;
}
