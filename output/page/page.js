"use strict";
// Where scripts run, tables that have an ID are sorted by a click on the head of a column,
// and filtered by words and by states. What is chosen stands behind the # of the address,
// so that it can be kept and passed on: #ports.q=ssh&ports.state=open&ports.sort=5&ports.down=1.
// The page says all that it has to say without this.
(() => {
  const few = 8; // rows of which nobody asks for some
  const step = 1000; // how many rows of a long table are shown at first, and then with each click

  // addressKey makes texts of addresses that compare as the addresses do: those of IPv4 first.
  function addressKey(text) {
    const [addr, zone = ""] = text.split("%");
    if (/^[\d.]+$/.test(addr)) return "4" + addr.split(".").map(n => n.padStart(3, "0")).join("");
    if (!/^[\da-f:]+$/.test(addr)) return "7" + text;
    const [left, right] = addr.split("::").map(part => part ? part.split(":") : []);
    const tail = right || [];
    const zeros = Array(Math.max(0, 8 - left.length - tail.length)).fill("0");
    return "6" + [...left, ...(right ? zeros : []), ...tail].map(n => n.padStart(4, "0")).join("") + zone;
  }

  // keys say what the cells of a column are compared by. What has none comes last.
  const keys = {
    addr: addressKey,
    port: text => { const [port, proto] = text.split("/"); return proto + port.padStart(5, "0"); },
    number: text => { const n = parseFloat(text); return Number.isNaN(n) ? null : n; },
    state: text => text,
    text: text => text.toLowerCase() || null,
  };

  function compare(a, b) {
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return a < b ? -1 : a > b ? 1 : 0;
  }

  function make(tag, properties, ...children) {
    const e = Object.assign(document.createElement(tag), properties);
    e.append(...children);
    return e;
  }

  class Grid {
    constructor(table) {
      this.table = table;
      this.heads = [...table.tHead.rows[0].cells];
      this.states = this.heads.findIndex(h => h.dataset.sort === "state");
      // A group is what belongs together: a host, its ports, and what else is known of it.
      this.groups = [...table.tBodies].map(body => {
        const rows = [...body.rows];
        return {body, rows, records: rows.filter(r => !r.className), head: rows.find(r => r.className === "host")};
      });
      this.records = this.groups.flatMap(g => g.records.map(row => ({row, group: g})));
      this.isRecord = new Set(this.records.map(r => r.row));
      this.sorted = document.createElement("tbody");
      this.texts = new Map();
      this.choose({});
    }

    // choose is what the user wants to see; nothing in it is everything, in its order.
    choose({q = "", state = "", sort = -1, down = false}) {
      this.q = q; this.state = state; this.sort = sort; this.down = down; this.most = step;
    }

    text(row) {
      let text = this.texts.get(row);
      if (text === undefined) this.texts.set(row, text = row ? row.textContent.toLowerCase() : "");
      return text;
    }

    cell(row, column) { return row.cells[column]?.textContent.trim() ?? ""; }

    // matches tells whether a row is asked for: it has all words, or its host's line has them.
    matches(row, group) {
      if (row !== group.head && this.state && (!this.isRecord.has(row) || this.cell(row, this.states) !== this.state)) return false;
      return this.words.every(w => this.text(row).includes(w) || this.text(group.head).includes(w));
    }

    // put shows a row, hides it, or keeps it for later where there are too many.
    put(row, shown, late) {
      if (row.hidden === shown) row.hidden = !shown;
      if (row.classList.contains("late") !== late) row.classList.toggle("late", late);
    }

    show() {
      this.words = this.q.toLowerCase().split(/\s+/).filter(w => w);
      this.found = 0;
      if (this.sort >= 0) this.showSorted(); else this.showGrouped();
      for (const [i, h] of this.heads.entries()) {
        if (!h.dataset.sort) continue;
        h.ariaSort = i !== this.sort ? "none" : this.down ? "descending" : "ascending";
      }
      this.table.classList.add("ready");
      this.tell();
    }

    showSorted() {
      const key = keys[this.heads[this.sort].dataset.sort], sign = this.down ? -1 : 1;
      const order = this.records.map((r, i) => ({...r, i, key: key(this.cell(r.row, this.sort))}));
      order.sort((a, b) => (a.key === null || b.key === null ? 1 : sign) * compare(a.key, b.key) || a.i - b.i);
      for (const {row, group} of order) {
        const shown = this.matches(row, group);
        this.put(row, shown, shown && ++this.found > this.most);
      }
      this.sorted.replaceChildren(...order.map(r => r.row));
      for (const g of this.groups) g.body.hidden = true;
      this.table.append(this.sorted);
      this.table.classList.add("flat");
    }

    showGrouped() {
      if (this.sorted.isConnected) {
        for (const g of this.groups) g.body.replaceChildren(...g.rows);
        this.sorted.remove();
        this.table.classList.remove("flat");
      }
      for (const g of this.groups) {
        const late = this.found >= this.most;
        let any = false;
        for (const row of g.rows) {
          if (row === g.head) continue;
          const shown = this.matches(row, g);
          any ||= shown;
          if (shown && this.isRecord.has(row)) this.found++;
          this.put(row, shown, late || shown && this.found > this.most);
        }
        if (g.head) {
          const shown = any || !this.state && this.matches(g.head, g);
          this.put(g.head, shown, late);
        }
        g.body.hidden = false;
      }
    }

    // tools are above the table: what to look for, the states that there are, how many were found.
    tools() {
      const input = make("input", {type: "search", value: this.q, autocomplete: "off"});
      let wait; // for the next letter: a long table takes a while
      input.addEventListener("input", () => {
        clearTimeout(wait);
        wait = setTimeout(() => { this.q = input.value; this.most = step; this.changed(); }, 150);
      });
      this.input = input;
      const bar = this.bar = make("div", {className: "tools"}, make("label", {}, "Filter ", input));
      this.buttons = [];
      if (this.states >= 0) {
        const counts = new Map();
        for (const {row} of this.records) {
          const s = this.cell(row, this.states);
          counts.set(s, (counts.get(s) ?? 0) + 1);
        }
        for (const [s, n] of counts) {
          if (counts.size < 2 || !s) continue;
          const button = make("button", {type: "button"}, `${s} ${n.toLocaleString("en")}`);
          button.addEventListener("click", () => { this.state = this.state === s ? "" : s; this.most = step; this.changed(); });
          this.buttons.push([s, button]);
        }
      }
      this.order = make("button", {type: "button"}, "Original order");
      this.order.addEventListener("click", () => { this.sort = -1; this.changed(); });
      this.count = make("output", {});
      bar.append(...this.buttons.map(([, b]) => b), this.order, this.count);
      this.more = make("button", {type: "button", className: "more"});
      this.more.addEventListener("click", () => { this.most += step; this.show(); });
      this.table.parentElement.before(bar);
      this.table.parentElement.after(this.more);
      for (const [i, h] of this.heads.entries()) {
        if (!h.dataset.sort) continue;
        const button = make("button", {type: "button"}, ...h.childNodes);
        h.append(button);
        button.addEventListener("click", () => {
          this.down = this.sort === i && !this.down;
          this.sort = i;
          this.changed();
        });
      }
    }

    tell() {
      const all = this.records.length, say = n => n.toLocaleString("en");
      this.count.value = this.found === all ? `${say(all)} ${all === 1 ? "row" : "rows"}` : `${say(this.found)} of ${say(all)} rows`;
      this.order.hidden = this.sort < 0;
      this.bar.hidden = all < few && this.sort < 0 && !this.q && !this.state;
      for (const [s, b] of this.buttons) b.ariaPressed = String(s === this.state);
      const rest = this.found - this.most;
      this.more.hidden = rest <= 0;
      this.more.textContent = `Show ${say(Math.min(rest, step))} more of ${say(rest)}`;
      if (this.input !== document.activeElement) this.input.value = this.q;
    }

    changed() {
      this.show();
      const p = new URLSearchParams();
      for (const g of grids) g.write(p);
      history.replaceState(null, "", "#" + p);
    }

    write(p) {
      const id = this.table.id;
      if (this.q) p.set(id + ".q", this.q);
      if (this.state) p.set(id + ".state", this.state);
      if (this.sort >= 0) p.set(id + ".sort", this.sort + 1);
      if (this.sort >= 0 && this.down) p.set(id + ".down", 1);
    }

    read(p) {
      const id = this.table.id, sort = Number(p.get(id + ".sort")) - 1;
      this.choose({q: p.get(id + ".q") ?? "", state: p.get(id + ".state") ?? "", down: p.has(id + ".down"),
        sort: this.heads[sort]?.dataset.sort ? sort : -1});
      this.show();
    }
  }

  const grids = [...document.querySelectorAll("table[id]")].filter(t => t.tBodies.length).map(t => new Grid(t));
  for (const g of grids) g.tools();

  // go reads what stands behind the #: what is chosen, or what is to be looked at, which
  // must be shown then.
  function go() {
    const wanted = decodeURIComponent(location.hash.slice(1));
    const target = wanted && document.getElementById(wanted);
    for (const g of grids) {
      g.read(new URLSearchParams(target ? "" : location.hash.slice(1)));
      if (!target || !g.table.contains(target)) continue;
      const until = g.groups.findIndex(group => group.body.contains(target));
      g.most = g.groups.slice(0, until + 1).reduce((n, group) => n + group.records.length, step);
      g.show();
    }
    if (target) target.scrollIntoView();
  }
  addEventListener("hashchange", go);
  go();

  // What a page says that was written before its end was known comes to its top.
  const late = document.querySelector("main ~ #summary");
  if (late) document.querySelector("main").before(late);

  // Paper shows what is folded away.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const d of folded) d.open = true;
  });
  addEventListener("afterprint", () => { for (const d of folded) d.open = false; });
})();
