// The Map page's script, 2 of 7: what is written on the map. Letters keep their size at every zoom; the most important
// names come first, and a name that would lie on another is left out until there is room for it.
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";
const LINE = 14;
const FEW = 55;  // ties that a note has at least, per step of the zoom below .8, to be named from afar
const pieces = (text) => text.match(/[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+\s*|\s+/g) ?? [];

const lettering = (under, over) => {
  const back = under.getContext("2d");
  const front = over.getContext("2d");
  const wrapped = new Map();
  let drawn = [];  // the names that stand on the map now: [left, top, right, bottom, id]

  const fitTo = (canvas, width, height) => {
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
  };
  const cut = (context, text, most) => {
    if (context.measureText(text).width <= most) return text;
    let end = text.length;
    while (end > 1 && context.measureText(`${text.slice(0, end).trimEnd()}…`).width > most) end -= 1;
    return `${text.slice(0, end).trimEnd()}…`;
  };
  const lines = (text, most, count) => {
    const key = `${most}|${count}|${text}`;
    let found = wrapped.get(key);
    if (found) return found;
    found = [];
    let line = "";
    const rest = pieces(text);
    while (rest.length && found.length < count - 1) {
      if (line && front.measureText((line + rest[0]).trimEnd()).width > most) {
        found.push(line.trim());
        line = "";
      } else line += rest.shift();
    }
    found.push(cut(front, (line + rest.join("")).trim(), most));
    found = { lines: found.filter(Boolean), width: 0 };
    found.width = Math.max(...found.lines.map((one) => front.measureText(one).width));
    if (wrapped.size > 8000) wrapped.clear();
    wrapped.set(key, found);
    return found;
  };

  const isFree = (bands, [left, top, right, bottom]) => {
    for (let band = Math.floor(top / 24); band <= Math.floor(bottom / 24); band += 1) {
      for (const other of bands.get(band) ?? []) {
        if (left < other[2] && other[0] < right && top < other[3] && other[1] < bottom) return false;
      }
    }
    return true;
  };
  const take = (bands, box) => {
    for (let band = Math.floor(box[1] / 24); band <= Math.floor(box[3] / 24); band += 1) {
      if (!bands.has(band)) bands.set(band, []);
      bands.get(band).push(box);
    }
  };

  const regions = (view, bands) => {
    const { stages, zoom, pan, width, height, colours } = view;
    fitTo(under, width, height);
    for (const stage of stages) {
      const left = stage.x * zoom + pan.x - 6;
      const right = (stage.x + stage.width) * zoom + pan.x + 6;
      const top = pan.y - 34;
      const bottom = stage.height * zoom + pan.y + 10;
      if (right < 0 || left > width || bottom < 0) continue;
      back.beginPath();
      back.roundRect(left, top, right - left, bottom - top, 14);
      back.fillStyle = colours.side;
      back.fill();
      back.strokeStyle = colours.rule;
      back.stroke();
      front.font = `620 13px ${FONT}`;
      const wide = front.measureText(stage.title).width;
      const y = Math.max(top, 0) + 10;
      const isNarrow = wide + 24 > right - left;
      if (y + 14 > bottom || (isNarrow && wide > right - left + 24)) continue;
      const at = isNarrow ? (left + right - wide) / 2 : Math.min(Math.max(left, 0) + 12, right - wide - 12);
      const box = [at - 4, y - 4, at + wide + 4, y + 18];
      if (!isNarrow) {
        front.fillStyle = colours.side;
        front.globalAlpha = 0.9;
        front.fillRect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
        front.globalAlpha = 1;
      }
      front.fillStyle = colours.inkSoft;
      front.textAlign = "left";
      front.textBaseline = "top";
      front.fillText(stage.title, at, y);
      take(bands, box);
    }
  };

  const name = (note, view, bands) => {
    const { zoom, pan, width, height, colours } = view;
    const x = note.x * zoom + pan.x;
    const y = note.y * zoom + pan.y + note.radius * zoom + 3;
    if (x < -80 || x > width + 80 || y < -30 || y > height + 10) return;
    // From afar only what much is tied to is named, in full where it can be; near by, each has two lines of its cell.
    const isFar = zoom < 0.8;
    if (isFar && note.rank === 3 && note.ties < FEW * (0.8 - zoom)) return;
    const most = isFar || note.rank === 0 ? 190 : Math.round(Math.min(162, 168 * zoom) / 8) * 8;
    const told = lines(isFar && note.step ? `${note.step}. ${note.title}` : note.title, most, isFar ? 1 : 2);
    if (isFar && note.rank === 3 && told.width > 150) return;
    const pad = isFar ? 5 : 0;
    const tall = told.lines.length * LINE;
    // Below its note; where that is taken and the note matters, beside it, or above.
    const frame = (middle, top) => [middle - told.width / 2 - 2, top - 1, middle + told.width / 2 + 2, top + tall, note.id];
    const aside = note.radius * zoom + told.width / 2 + 5;
    const level = y - note.radius * zoom - 3 - tall / 2;
    const frames = [frame(x, y)];
    if (note.rank < 3) frames.push(frame(x + aside, level), frame(x - aside, level), frame(x, y - 2 * note.radius * zoom - 6 - tall));
    const box = frames.find((one) => isFree(bands, [one[0] - pad, one[1] - pad, one[2] + pad, one[3] + pad])) ?? (note.rank === 0 ? frames[0] : null);
    if (!box) return;
    take(bands, box);
    drawn.push(box);
    front.globalAlpha = note.isAway ? 0.35 : 1;
    front.lineWidth = 3;
    front.strokeStyle = colours.side;
    front.fillStyle = note.rank <= 1 ? colours.ink : colours.inkSoft;
    told.lines.forEach((line, n) => {
      front.strokeText(line, (box[0] + box[2]) / 2, box[1] + 1 + n * LINE);
      front.fillText(line, (box[0] + box[2]) / 2, box[1] + 1 + n * LINE);
    });
    front.globalAlpha = 1;
  };

  const badge = (note, view) => {
    const x = (note.x - note.radius * 0.8) * view.zoom + view.pan.x;
    const y = (note.y - note.radius * 0.8) * view.zoom + view.pan.y;
    front.beginPath();
    front.arc(x, y, 8, 0, 2 * Math.PI);
    front.fillStyle = view.colours.accent;
    front.fill();
    front.fillStyle = view.colours.paper;
    front.fillText(String(note.step), x, y - 5);
  };

  return {
    // `notes` come in the order of their importance, those of rank 0 first.
    draw(view) {
      const bands = new Map();
      drawn = [];
      fitTo(over, view.width, view.height);
      regions(view, bands);
      front.textAlign = "center";
      front.textBaseline = "top";
      front.lineJoin = "round";
      front.font = `500 12px ${FONT}`;
      for (const note of view.notes) name(note, view, bands);
      front.font = `650 10px ${FONT}`;
      if (view.zoom >= 0.8) for (const note of view.notes) if (note.step) badge(note, view);
      const { cursor } = view;
      if (cursor) {
        front.beginPath();
        front.arc(cursor.x * view.zoom + view.pan.x, cursor.y * view.zoom + view.pan.y, cursor.radius * view.zoom + 6, 0, 2 * Math.PI);
        front.lineWidth = 2.5;
        front.strokeStyle = view.colours.accent;
        front.stroke();
      }
    },
    at: (x, y) => drawn.find(([left, top, right, bottom]) => left <= x && x <= right && top <= y && y <= bottom)?.[4] ?? null,
  };
};
