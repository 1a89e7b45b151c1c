"use strict";
// Texts of the run only ever become text nodes here, never markup.
const STEP = 100; // rows of the table that are shown at once
const COLUMNS = ["id", "fate", "asked", "answered", "why"];
const state = { rows: [], words: "", fate: "", column: null, down: false, shown: STEP };

async function unpacked(name) {
  const bytes = Uint8Array.from(atob(document.getElementById(name).textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function matching() {
  const words = state.words.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = state.rows.filter(
    (row) => (!state.fate || row.fate === state.fate) && words.every((word) => row.search.includes(word)));
  if (state.column) {
    rows.sort((a, b) => a[state.column].localeCompare(b[state.column]) * (state.down ? -1 : 1));
  }
  return rows;
}

function show() {
  const rows = matching();
  const body = document.querySelector("#records tbody");
  body.replaceChildren(...rows.slice(0, state.shown).map((row) => {
    const line = document.createElement("tr");
    line.className = row.fate === "kept" ? "" : "gone";
    for (const column of COLUMNS) {
      const cell = document.createElement("td");
      cell.textContent = row[column];
      line.append(cell);
    }
    return line;
  }));
  document.getElementById("count").textContent = `${Math.min(state.shown, rows.length)} of ${rows.length}`;
  document.getElementById("more").hidden = state.shown >= rows.length;
}

async function begin() {
  state.rows = await unpacked("packed-records");
  for (const row of state.rows) {
    row.search = COLUMNS.map((column) => row[column]).join(" ").toLowerCase();
  }
  const select = document.getElementById("fate");
  for (const fate of new Set(state.rows.map((row) => row.fate))) {
    const option = document.createElement("option");
    option.value = option.textContent = fate;
    select.append(option);
  }
  const set = (change) => { Object.assign(state, { shown: STEP }, change); show(); };
  select.addEventListener("change", () => set({ fate: select.value }));
  document.getElementById("search").addEventListener("input", (event) => set({ words: event.target.value }));
  document.getElementById("more").addEventListener("click", () => { state.shown += STEP; show(); });
  for (const button of document.querySelectorAll("#records th button")) {
    button.addEventListener("click", () =>
      set({ column: button.value, down: state.column === button.value && !state.down }));
  }
  show();
  for (const item of Object.values(await unpacked("packed-charts"))) {
    await Bokeh.embed.embed_item(item);
  }
  document.body.dataset.ready = "true";
}

begin();
